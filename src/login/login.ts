import { withDeadline } from '../deadline.js'
import { Status } from '../grpc/status.js'
import { type Hub, HubBusyError, HubError } from '../hub/hub.js'
import type { ServerKey } from '../hub/server-key.js'
import { type ApiKey, signUserAuth } from '../keys/api-signature.js'
import { verifySignature } from '../keys/public-key.js'
import { readTokenClaims } from '../keys/token.js'
import { RETRY_AFTER_LOAD } from '../limits/limits.js'
import { CHALLENGE_BYTES, ErrorCode, SIGNATURE_BYTES, type TokenMessage } from '../protocol.js'
import type { LoginUser } from '../users/authorize.js'
import { type AuthorizationSettings, authorizeUser } from './authorize-user.js'
import { LoginError } from './errors.js'
import type { LoginStep } from './events.js'
import { grantRenewal } from './renew.js'

/** Sends a challenge to the app and returns the app's signature, of whatever length. */
export type Sign = (challenge: Uint8Array) => Promise<Uint8Array>

/** What a login gives its app, to be sent with the server's clock. */
export type LoginResult = Omit<TokenMessage, 'type' | 'now'>

/** Names a login, and times its steps, whether they end well or not. */
export interface LoginTrace {
  /** Names the login in the server's log. */
  readonly id: string
  /** A step begins, and ends the one before. */
  begin(step: LoginStep): void
  /** The last step has ended. */
  end(): void
}

/** What every login needs beside its user. */
export interface LoginSettings extends AuthorizationSettings {
  /** The Hub; its steps have deadlines of their own. */
  readonly hub: Hub
  /** The server's own key at the Hub. Another one may take its place while a login runs. */
  readonly serverKey: Pick<ServerKey, 'apiKey' | 'state' | 'reportRefusal'>
  /** How long the app may take to sign, in seconds. */
  readonly challengeTimeout: number
  /** How long the API signature of a `UserAuth` is valid, in seconds. */
  readonly userAuthTtl: number
  /** How long after the login the API signature may be renewed, in seconds; 0 for not at all. */
  readonly renewalTtl: number
}

/**
 * Logs one user in: the Hub challenges the holder of a public key, the app signs, the Hub turns
 * the signature into a token, and the user is authorized. Every wait has a deadline.
 *
 * @param user - the public key, in canonical text, and where its user comes from
 * @param sign - has the app sign the Hub's challenge
 * @param signal - ends the login at once, for the reason that it carries
 * @param trace - names the login, and is told of each step
 * @throws LoginError where the login fails; or the reason of `signal`
 */
export async function login(
  user: LoginUser,
  sign: Sign,
  settings: LoginSettings,
  signal: AbortSignal,
  trace: LoginTrace,
): Promise<LoginResult> {
  const { pubkey } = user
  const aborted = rejectOnAbort(signal)
  trace.begin('hub_challenge')
  // One key for all of the login: the Hub's token and the signature must be of the same.
  const apiKey = usableKey(settings.serverKey)
  const call = settings.hub.requestToken(pubkey, apiKey)
  try {
    const challenge = await Promise.race([call.challenge, aborted])
    if (challenge.length !== CHALLENGE_BYTES) throw new HubError('the challenge has a wrong length')

    trace.begin('signature')
    const signed = Promise.race([sign(challenge), call.failed, aborted])
    const lateError = () => new LoginError(ErrorCode.ChallengeTimeout)
    const signature = await withDeadline(settings.challengeTimeout, signed, lateError)
    if (signature.length !== SIGNATURE_BYTES) throw new LoginError(ErrorCode.BadSignature)

    trace.begin('hub_token')
    const token = await Promise.race([call.answer(signature), aborted])
      // The Hub judges the signature, but what it says of a wrong one could as well be an error of
      // its own. Only then is it verified here, so that honest logins don't pay for it.
      .catch((cause: unknown) => {
        const isGenuine = !isUnclear(cause) || verifySignature(pubkey, challenge, signature)
        throw isGenuine ? cause : new LoginError(ErrorCode.BadSignature, { cause })
      })
    checkToken(token, pubkey)

    trace.begin('user')
    const session = await Promise.race([authorizeUser(user, settings), aborted])

    const value = { ...signUserAuth(apiKey, settings.userAuthTtl), token }
    return { value, ...grantRenewal(apiKey, user, session, trace.id, settings.renewalTtl) }
  } catch (error) {
    throw explain(error, apiKey, settings.serverKey)
  } finally {
    call.release()
    trace.end()
  }
}

/** The server's key, where the Hub takes it. */
function usableKey({ apiKey, state }: LoginSettings['serverKey']): ApiKey {
  if (state === 'confirmed') return apiKey
  if (state === 'refused') throw new LoginError(ErrorCode.HubRejected)
  const cause = new HubError("the server's key is not checked yet")
  throw new LoginError(ErrorCode.HubUnavailable, { cause })
}

/** Never fulfils; rejects with the signal's reason once it aborts. */
function rejectOnAbort(signal: AbortSignal): Promise<never> {
  const aborted = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  aborted.catch(() => {})
  return aborted
}

/** Makes sure that the Hub's token is one, and for the key whose holder has signed. */
function checkToken(token: string, pubkey: string): void {
  const claims = readTokenClaims(token)
  if (!claims) throw new HubError('the token is no token')
  if (claims.sub === pubkey) return
  const cause = new HubError('the token is for another key')
  throw new LoginError(ErrorCode.Internal, { cause })
}

/** Turns an error of the Hub into one that an app is told. */
function explain(error: unknown, apiKey: ApiKey, key: LoginSettings['serverKey']): unknown {
  if (error instanceof HubBusyError) {
    const details = { retryAfter: RETRY_AFTER_LOAD, limit: 'hub_calls' } as const
    return new LoginError(ErrorCode.Overloaded, details)
  }
  if (!(error instanceof HubError)) return error
  const code = codeOf(error)
  const isRefusal = code === ErrorCode.HubRejected && error.status !== undefined
  const isUncertain = isRefusal && !key.reportRefusal(apiKey, error.status.code)
  return new LoginError(isUncertain ? ErrorCode.HubUnavailable : code, { cause: error })
}

/** Whether the Hub failed in a way that a wrong signature explains as well as an error of its own. */
function isUnclear(error: unknown): boolean {
  return error instanceof HubError && codeOf(error) === ErrorCode.HubUnavailable
}

/** What the app is told when the Hub fails. */
function codeOf({ status }: HubError): ErrorCode {
  switch (status?.code) {
    case Status.DeadlineExceeded:
      return ErrorCode.HubTimeout
    case Status.NotFound:
    case Status.PermissionDenied:
    case Status.Unauthenticated:
      return ErrorCode.HubRejected
    default:
      return ErrorCode.HubUnavailable
  }
}
