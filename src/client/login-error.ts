import type { ErrorCode } from '../protocol.js'

/** What each failure on the app's side means and what to do about it, for people. */
const TEXTS = {
  connection_lost: 'The login server went away before the login was done. Try again.',
  timeout: 'The login took too long. Try again.',
  aborted: 'The login was cancelled.',
  untrusted_challenge:
    'The login server sent a challenge that does not answer this login. It was not signed.',
  bad_response: 'The login server sent what is not of the protocol. Check its address.',
  clock_skew: "This device's clock is ahead of the login's end. Set the clock.",
  signing_failed: 'The identity did not sign the challenge with 64 bytes.',
} as const

/** The failures that the app's side finds by itself. */
export type ClientErrorCode = keyof typeof TEXTS | 'connection_failed'

/** The most characters of a server's code or id, and of its text, that are taken over. */
const MAX_WORD = 64
const MAX_TEXT = 500

/**
 * Which failure it was: one of the server's, one of the app's, or `unknown` where a server sends
 * an error without a code, as older ones do. A newer server may send codes that are not listed.
 */
export type LoginErrorCode =
  | ErrorCode
  | ClientErrorCode
  | 'unknown'
  | (string & Record<never, never>)

/** Why a login failed. `message` says it in words, for people; `cause` is what lay beneath. */
export class LoginError extends Error {
  override readonly name = 'LoginError'
  /** Which failure it was: a stable word. */
  readonly code: LoginErrorCode
  /** Seconds after which the server wants to be asked again, if it said so. */
  readonly retryAfter: number | undefined
  /** By what the server's log names the login that failed, if the server said so. */
  readonly id: string | undefined

  /** @param options - `cause` as of every `Error`, `retryAfter` in seconds, and `id` */
  constructor(
    code: LoginErrorCode,
    message: string,
    options: {
      readonly cause?: unknown
      readonly retryAfter?: number | undefined
      readonly id?: string | undefined
    } = {},
  ) {
    super(message, options)
    this.code = code
    this.retryAfter = options.retryAfter
    this.id = options.id
  }
}

/** Makes the error for a failure that the app's side has found. */
export function clientError(code: keyof typeof TEXTS, cause?: unknown): LoginError {
  return new LoginError(code, TEXTS[code], cause === undefined ? {} : { cause })
}

/** Makes the error that an error message of the server tells of, however much it tells. */
export function serverError(message: Readonly<Record<string, unknown>>): LoginError {
  const { code, value, retryAfter, id } = message
  const text = readText(value, MAX_TEXT)
  return new LoginError(
    readText(code, MAX_WORD) ?? 'unknown',
    text === undefined ? 'The login server refused.' : `The login server refused: ${text}`,
    {
      retryAfter: typeof retryAfter === 'number' && retryAfter >= 0 ? retryAfter : undefined,
      id: readText(id, MAX_WORD),
    },
  )
}

/** A text of the server's, cut to a length; `undefined` where it is no text, or empty. */
function readText(value: unknown, length: number): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, length) : undefined
}
