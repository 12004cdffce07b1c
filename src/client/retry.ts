import { LoginError, type LoginErrorCode } from './login-error.js'

/**
 * The failures after which the same login may well succeed a moment later. To repeat a login does
 * no harm: the server at most counts it once more.
 *
 * | code | why it is retried |
 * |---|---|
 * | `connection_failed`, `connection_lost` | a server restarts; a device changes networks |
 * | `shutting_down` | another server, or the restarted one, will answer |
 * | `hub_timeout`, `hub_unavailable` | the Hub restarts or has a bad moment |
 * | `rate_limited`, `overloaded` | the server says so itself, and when (`retryAfter`) |
 *
 * | code | why it is not |
 * |---|---|
 * | `bad_request`, `invalid_pubkey`, `busy`, `no_challenge`, `bad_signature` | the same again would be refused again |
 * | `challenge_timeout` | the identity took too long, perhaps because its owner did not confirm: to ask again is theirs to decide |
 * | `hub_rejected`, `internal`, `denied` | only whoever runs the server can change it |
 * | `untrusted_challenge`, `bad_response` | such a server is not to be trusted |
 * | `clock_skew`, `signing_failed` | the device's or the identity's own fault |
 * | `timeout`, `aborted` | the login is over |
 * | `unknown`, and every code not named here | nothing says that it would help |
 */
const RETRIED: ReadonlySet<LoginErrorCode> = new Set<LoginErrorCode>([
  'connection_failed',
  'connection_lost',
  'shutting_down',
  'hub_timeout',
  'hub_unavailable',
  'rate_limited',
  'overloaded',
])

/** In milliseconds: the longest wait after a first failure. It doubles from one to the next. */
const FIRST_WAIT = 500

/** In milliseconds: where the doubling ends. */
const LONGEST_WAIT = 8_000

/** Tells whether another attempt may succeed where this error ended one. */
export function isWorthRetrying(error: unknown): error is LoginError {
  return error instanceof LoginError && RETRIED.has(error.code)
}

/**
 * Says how long to wait before the next attempt: what the server asks for, and on top of it a
 * time that doubles with each failure, half of it random so that the apps which one outage has
 * cut off don't all come back in the same instant.
 *
 * @param error - why the last attempt failed
 * @param attempt - which attempt that was, from 1
 * @returns milliseconds
 */
export function waitAfter(error: LoginError, attempt: number): number {
  const backoff = Math.min(FIRST_WAIT * 2 ** (attempt - 1), LONGEST_WAIT)
  return (error.retryAfter ?? 0) * 1000 + backoff * (0.5 + Math.random() / 2)
}
