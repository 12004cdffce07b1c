import { Client } from '@textile/hub'
import { type ApiKey, type ApiSignature, createApiSignature } from '../keys/api-signature.js'
import { type Hub, HubError, type TokenCall } from './hub.js'
import type { CallTransport, OpenTransport, ReleaseReason } from './transport.js'

/**
 * How long the signature of the server's own calls to the Hub is valid, in ms: long enough for
 * clocks that differ by minutes, since the Hub looks at it once, when a call starts.
 */
const LIFE_MS = 300_000

/** For how much of its life a signature is used, in ms. Making one is expensive beside a call. */
const USE_MS = 60_000

/** Where a Hub is, and how calls get there. */
export interface HubAddress {
  /** Scheme, host, port and perhaps a path, without a slash at the end. */
  readonly url: string
  readonly openTransport: OpenTransport
  /** The most calls that can run at a time; infinite until the Hub has named a limit. */
  readonly capacity: number
}

/** A Hub reached through the SDK's `Client`. */
export class SdkHub implements Hub {
  readonly #address: HubAddress
  /** By key: there are two for as long as logins of a key that was replaced run. */
  readonly #signers = new WeakMap<ApiKey, CallSigner>()

  constructor(address: HubAddress) {
    this.#address = address
  }

  get capacity(): number {
    return this.#address.capacity
  }

  requestToken(pubkey: string, apiKey: ApiKey): TokenCall {
    // A client for each login: one that lives on would send a user's token with the next user's
    // call, and hangs indefinitely in the first call after its API signature has expired.
    const client = Client.withUserAuth(this.#signerOf(apiKey).sign(), this.#address.url)
    const transport = this.#address.openTransport()
    client.rpcOptions.transport = transport.factory
    return new SdkTokenCall(client, transport, pubkey)
  }

  #signerOf(apiKey: ApiKey): CallSigner {
    const known = this.#signers.get(apiKey)
    if (known) return known
    const signer = new CallSigner(apiKey)
    this.#signers.set(apiKey, signer)
    return signer
  }
}

/** What the server's own calls to the Hub carry. */
export interface SignedKey extends ApiSignature {
  readonly key: string
}

/** Signs the server's own calls to the Hub. */
export class CallSigner {
  readonly #apiKey: ApiKey
  #signed: SignedKey | undefined
  #expires = 0

  constructor(apiKey: ApiKey) {
    this.#apiKey = apiKey
  }

  /** The key with a signature that is valid for four minutes at least. */
  sign(): SignedKey {
    const left = this.#expires - Date.now()
    // More than a whole life is left where the clock was set back.
    if (!this.#signed || left <= LIFE_MS - USE_MS || left > LIFE_MS) {
      const { key, secret } = this.#apiKey
      this.#expires = Date.now() + LIFE_MS
      this.#signed = { key, ...createApiSignature(secret, new Date(this.#expires)) }
    }
    return this.#signed
  }
}

/** A `GetToken` call through the SDK's `Client`, its callback unfolded into promises. */
class SdkTokenCall implements TokenCall {
  readonly challenge: Promise<Uint8Array>
  readonly failed: Promise<never>
  readonly #transport: CallTransport
  readonly #token: Promise<string>
  #sendSignature: (signature: Uint8Array) => void = () => {}
  #isAnswered = false

  /**
   * Starts the call.
   *
   * @param client - a fresh client, whose calls `transport` carries
   * @param pubkey - canonical text of the user's public key
   */
  constructor(client: Client, transport: CallTransport, pubkey: string) {
    this.#transport = transport
    let challenged: (challenge: Uint8Array) => void = () => {}
    const firstChallenge = new Promise<Uint8Array>((resolve) => {
      challenged = resolve
    })
    const signature = new Promise<Uint8Array>((resolve) => {
      this.#sendSignature = resolve
    })
    let isChallenged = false
    const token = client.getTokenChallenge(pubkey, (challenge) => {
      // A Hub that challenges twice must not make the SDK send, and end, twice: it would throw
      // where nothing catches.
      if (isChallenged) return new Promise(() => {})
      isChallenged = true
      challenged(challenge)
      return signature
    })
    this.#token = Promise.race([this.#checked(token), transport.failed])
    this.failed = this.#token.then(() => new Promise<never>(() => {}))
    this.challenge = Promise.race([firstChallenge, this.failed])
    // Whoever drives this call listens to one of these at a time.
    for (const promise of [this.#token, this.failed, this.challenge]) promise.catch(() => {})
  }

  answer(signature: Uint8Array): Promise<string> {
    this.#isAnswered = true
    this.#sendSignature(signature)
    return this.#token
  }

  release(reason?: ReleaseReason): void {
    this.#transport.release(reason)
  }

  /** Makes sure that a token was earned by a signature, and that there is one. */
  async #checked(call: Promise<string>): Promise<string> {
    const token = await call.catch((cause: unknown) => {
      throw new HubError('the Hub replied with garbage', { cause })
    })
    if (!this.#isAnswered) throw new HubError('the Hub ended the call before the signature')
    if (token === '') throw new HubError('the Hub ended the call without a token')
    return token
  }
}
