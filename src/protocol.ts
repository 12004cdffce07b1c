/**
 * The messages between an app and the login server, as PROTOCOL.md specifies them. Server and
 * client both import this file; it imports neither, and needs nothing that a browser lacks.
 */

/** Path of the WebSocket endpoint. */
export const LOGIN_PATH = '/ws/userauth'

/** Path of the HTTP endpoint that renews the API signature of a session, by POST. */
export const RENEWAL_PATH = '/api/userauth/renewal'

/** How many bytes a Hub's challenge has. */
export const CHALLENGE_BYTES = 32

/** How many bytes an Ed25519 signature has. */
export const SIGNATURE_BYTES = 64

/** What an app needs to use a Hub on a user's behalf. Every field but `msg` is a secret. */
export interface UserAuth {
  /** The Hub API key: multibase base32. */
  readonly key: string
  /** The API signature: multibase base32 of an HMAC-SHA256 of `msg` under the API secret. */
  readonly sig: string
  /** The instant at which `sig` expires: RFC 3339 in UTC. */
  readonly msg: string
  /** The Hub's token for the user: a JWT without expiry. */
  readonly token: string
}

/** What a `UserAuth` has beside the user's token: the part that expires, and that a renewal renews. */
export type ApiAuth = Omit<UserAuth, 'token'>

/** The codes of errors, each a stable word. PROTOCOL.md says when each is sent. */
export const ErrorCode = {
  BadRequest: 'bad_request',
  InvalidPubkey: 'invalid_pubkey',
  Busy: 'busy',
  NoChallenge: 'no_challenge',
  BadSignature: 'bad_signature',
  ChallengeTimeout: 'challenge_timeout',
  HubTimeout: 'hub_timeout',
  HubRejected: 'hub_rejected',
  HubUnavailable: 'hub_unavailable',
  RateLimited: 'rate_limited',
  Overloaded: 'overloaded',
  Denied: 'denied',
  RenewalRefused: 'renewal_refused',
  ShuttingDown: 'shutting_down',
  Internal: 'internal',
} as const

/** One of the codes of {@link ErrorCode}. */
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode]

/** With which codes of RFC 6455 the server closes a socket. ws itself adds 1007 and 1009. */
export const CloseCode = {
  /** The app has logged in, and asks for nothing more. */
  Normal: 1000,
  /** The server stops. */
  GoingAway: 1001,
  /** The app doesn't keep to the protocol, or doesn't start a login. */
  PolicyViolation: 1008,
} as const

/** One of the codes of {@link CloseCode}. */
export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode]

/** The app asks to log a user in. */
export interface TokenRequest {
  readonly type: 'token'
  /** Public key of the user's identity, as text. */
  readonly pubkey: string
}

/** The app's answer to a challenge. */
export interface SignedChallenge {
  readonly type: 'challenge'
  /** The signature: 64 bytes where the app keeps to the protocol. */
  readonly sig: Uint8Array
}

/** What an app sends. */
export type AppMessage = TokenRequest | SignedChallenge

/** Bytes as JSON has them: what a `Buffer` of Node.js turns into. */
export interface BufferJson {
  readonly type: 'Buffer'
  readonly data: readonly number[]
}

/** The server relays the Hub's challenge: 32 random bytes to sign. */
export interface ChallengeMessage {
  readonly type: 'challenge'
  readonly value: BufferJson
}

/** The login has succeeded. */
export interface TokenMessage {
  readonly type: 'token'
  readonly value: UserAuth
  /** The server's clock when it sent this: RFC 3339 in UTC. */
  readonly now: string
  /** What renews the API signature without another login; missing where the server renews none. */
  readonly renewal?: string | undefined
  /** Until when `renewal` is taken: RFC 3339 in UTC; missing where `renewal` is. */
  readonly renewUntil?: string | undefined
}

/** Something has failed. */
export interface ErrorMessage {
  readonly type: 'error'
  /** Which failure it was. A newer server may send codes that this file does not have. */
  readonly code: ErrorCode
  /** The same in words, for people. */
  readonly value: string
  /** In how many seconds it may be worth trying again, with `rate_limited` and `overloaded`. */
  readonly retryAfter?: number | undefined
  /** The login that failed, as the server's log names it; missing where no login did. */
  readonly id?: string | undefined
}

/** The body of a request to {@link RENEWAL_PATH}. */
export interface RenewalRequest {
  readonly renewal: string
}

/** The answer to a {@link RenewalRequest} where it succeeds. Where not, an {@link HttpError} is. */
export interface RenewalAnswer {
  /** Goes beside the token that the app has. */
  readonly value: ApiAuth
  /** The server's clock when it sent this: RFC 3339 in UTC. */
  readonly now: string
}

/** An error as an HTTP answer's JSON: an {@link ErrorMessage} whose type is told by the status. */
export type HttpError = Omit<ErrorMessage, 'type'>

/** What the server sends. */
export type ServerMessage = ChallengeMessage | TokenMessage | ErrorMessage

/**
 * Reads a message of an app.
 *
 * A signature may be written as the JSON of a `Buffer`, as an array of bytes, or in base64.
 *
 * @param text - one text frame
 * @returns the message, or `undefined` where the text is not JSON or not of this protocol
 */
export function parseAppMessage(text: string): AppMessage | undefined {
  const message = parseObject(text)
  if (message?.type === 'token') {
    const { pubkey } = message
    return typeof pubkey === 'string' ? { type: 'token', pubkey } : undefined
  }
  if (message?.type === 'challenge') {
    const sig = parseBytes(message.sig)
    return sig && { type: 'challenge', sig }
  }
  return undefined
}

/** Reads the body of a request for a renewal. @returns the renewal, or `undefined` where there is none */
export function parseRenewalRequest(body: unknown): string | undefined {
  const renewal = isObject(body) ? body.renewal : undefined
  return typeof renewal === 'string' ? renewal : undefined
}

/**
 * Writes bytes the way `JSON.stringify` writes a `Buffer`, which is what apps hand to
 * `Buffer.from`.
 */
export function toBufferJson(bytes: Uint8Array): BufferJson {
  return { type: 'Buffer', data: Array.from(bytes) }
}

/**
 * Reads bytes written as the JSON of a `Buffer`, as an array of bytes, or in base64 (padded or
 * not).
 *
 * @returns the bytes, of any number, or `undefined` where the value is none of the three
 */
export function parseBytes(value: unknown): Uint8Array | undefined {
  if (typeof value === 'string') return parseBase64(value)
  return parseBufferJson(value) ?? parseByteArray(value)
}

/**
 * Reads bytes written as the JSON of a `Buffer`, the one form that a challenge has.
 *
 * @returns the bytes, of any number, or `undefined` where the value is anything else
 */
export function parseBufferJson(value: unknown): Uint8Array | undefined {
  return isObject(value) && value.type === 'Buffer' ? parseByteArray(value.data) : undefined
}

/** Reads a JSON object; anything else is `undefined`. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function parseBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  } catch {
    return undefined
  }
}

function parseByteArray(value: unknown): Uint8Array | undefined {
  return Array.isArray(value) && value.every(isByte) ? Uint8Array.from(value) : undefined
}

/** Nothing but a byte is the same number as its own last eight bits. */
function isByte(value: unknown): value is number {
  return value === (Number(value) & 0xff)
}

/** Tells texts that are not empty from every other value. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

/** Tells objects, arrays among them, from every other value. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
