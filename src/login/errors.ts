import type { LimitName } from '../limits/limits.js'
import { ErrorCode } from '../protocol.js'

/** What an app is told of each error, in words of our own. */
const texts: Readonly<Record<ErrorCode, string>> = {
  bad_request: 'This message is not of the login protocol.',
  invalid_pubkey: 'The public key is not an Ed25519 key in its canonical spelling.',
  busy: 'This connection already has a login running. Wait for it to end.',
  no_challenge: 'There is no challenge that waits for a signature.',
  bad_signature: "The signature is not the public key's signature of this challenge.",
  challenge_timeout: 'The challenge was not signed in time.',
  hub_timeout: 'The Hub took too long to answer. Try again.',
  hub_rejected: "The Hub refuses this server's API key. Its operator has to replace it.",
  hub_unavailable: 'The Hub is not available. Try again later.',
  rate_limited: 'There were too many logins. Wait a while before the next one.',
  overloaded: 'The login server is busy. Try again in a moment.',
  denied: 'This user may not log in here.',
  renewal_refused: 'This session has ended. Log in again.',
  shutting_down: 'The login server is stopping. Connect again.',
  internal: 'The login server failed. Try again later.',
}

/** What can be said of an error beside its code. */
interface LoginErrorOptions {
  readonly cause?: unknown
  readonly retryAfter?: number
  readonly limit?: LimitName
  readonly text?: string | undefined
}

/** Why a login failed, or a message was refused. The app sees all of it but `cause` and `limit`. */
export class LoginError extends Error {
  override readonly name = 'LoginError'
  readonly code: ErrorCode
  /** In how many seconds it may be worth trying again; missing where that isn't known. */
  readonly retryAfter: number | undefined
  /** The limit that was hit; missing where it was none. */
  readonly limit: LimitName | undefined

  /**
   * @param options - `cause` is what lies behind it, for the log only, as is `limit`; `text` is
   *   for the app, in place of our words
   */
  constructor(code: ErrorCode, options: LoginErrorOptions = {}) {
    super(options.text ?? texts[code], { cause: options.cause })
    this.code = code
    this.retryAfter = options.retryAfter
    this.limit = options.limit
  }
}

/** Ends a login whose app has disconnected: there is nobody left to tell. */
export class ClientDisconnected extends Error {
  override readonly name = 'ClientDisconnected'
}

/** The error for whoever has hit a rate limit, for `retryAfter` seconds. */
export function rateLimited(retryAfter: number, limit: LimitName): LoginError {
  return new LoginError(ErrorCode.RateLimited, { retryAfter, limit })
}
