import { timingSafeEqual } from 'node:crypto'
import { Status } from '../../grpc/status.js'
import { signApiMessage } from '../../keys/api-signature.js'
import { decodeMultibase } from '../../keys/multibase.js'
import { readTokenClaims, verifyToken } from '../../keys/token.js'
import { CallError, type HubCall } from '../call.js'
import type { StoredApiKey } from './api-keys.js'

/** RFC 3339, as Go's `time.Parse` takes it. */
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/

/** In whose name a call is made, and with which API key. */
export interface Caller {
  /** The user's public key, or the account's name: what threads are filed under. */
  readonly owner: string
  readonly apiKey: StoredApiKey
}

/** Knows who may call. The order and the words of its answers are those of hubd 2.6. */
export class Authorization {
  readonly #apiKeys: readonly StoredApiKey[]
  readonly #issuer: string
  /** Who makes the calls that run: each is asked for by its domain and by its method. */
  readonly #callers = new WeakMap<HubCall, Caller>()

  /** @param issuer - public key of this Hub, whose tokens it accepts */
  constructor(apiKeys: readonly StoredApiKey[], issuer: string) {
    this.#apiKeys = apiKeys
    this.#issuer = issuer
  }

  /**
   * Finds the API key that a call is made with.
   *
   * @throws CallError where there is none, it is not accepted, or its signature is missing or bad
   */
  apiKeyOf({ metadata }: HubCall): StoredApiKey {
    const key = metadata.get('x-textile-api-key')
    if (!key) throw new CallError(Status.Unauthenticated, 'Session or API key required')
    const apiKey = this.#apiKeys.find((candidate) => candidate.key === key)
    if (!apiKey || apiKey.isRevoked) {
      throw new CallError(Status.NotFound, 'API key not found or is invalid')
    }
    if (apiKey.isSecured) checkSignature(apiKey, metadata)
    return apiKey
  }

  /**
   * Finds out in whose name a call is made.
   *
   * @throws CallError where the API key or the token is not accepted
   */
  callerOf(call: HubCall): Caller {
    const known = this.#callers.get(call)
    if (known) return known
    const caller = this.#identify(call)
    this.#callers.set(call, caller)
    return caller
  }

  #identify(call: HubCall): Caller {
    const apiKey = this.apiKeyOf(call)
    if (apiKey.isAccount) return { owner: `account ${apiKey.key}`, apiKey }
    const [, token] = /^bearer (.+)$/i.exec(call.metadata.get('authorization') ?? '') ?? []
    if (!token) throw new CallError(Status.Unauthenticated, 'Token required')
    return { owner: this.userOf(token), apiKey }
  }

  /**
   * Finds out whom a token speaks for.
   *
   * @returns the user's public key
   * @throws CallError where the token is malformed, or not one that this Hub has issued
   */
  userOf(token: string): string {
    if (!readTokenClaims(token)) throw new CallError(Status.PermissionDenied, 'Bad authorization')
    // A deliberate difference: in ListThreads and GetThread, hubd reads the token's subject
    // without this, so that whoever forges a token sees its victim's threads.
    const claims = verifyToken(token)
    if (claims?.iss !== this.#issuer) throw new CallError(Status.Unknown, 'invalid thread token')
    return claims.sub
  }
}

function checkSignature({ secret }: StoredApiKey, metadata: HubCall['metadata']): void {
  const sig = metadata.get('x-textile-api-sig')
  const msg = metadata.get('x-textile-api-sig-msg')
  if (!sig || !msg) throw new CallError(Status.Unauthenticated, 'API key signature required')
  const isTimely = RFC_3339.test(msg) && new Date(msg) > new Date()
  const wanted = signApiMessage(decodeMultibase(secret) ?? new Uint8Array(), msg)
  const isGenuine =
    sig.length === wanted.length && timingSafeEqual(Buffer.from(sig), Buffer.from(wanted))
  if (!isTimely || !isGenuine) throw new CallError(Status.Unauthenticated, 'Bad API key signature')
}
