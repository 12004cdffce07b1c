import { isObject, isText, type UserAuth } from '../protocol.js'
import { type Message, unexpected } from './connection.js'
import { clientError } from './login-error.js'

/** What a login leaves beside its `UserAuth`: enough to renew it without a signature of the user. */
export interface Session {
  /** The Hub's token for the user. It never expires: whoever has it is that user. */
  readonly token: string
  /** What the server renews the API signature for. */
  readonly renewal: string
  /** Until when it does: RFC 3339. */
  readonly renewUntil: string
}

/** What a login brings: the `UserAuth`, and what is known of its life. */
export interface Grant {
  readonly userAuth: UserAuth
  /** When `userAuth` expires: its `msg`, in milliseconds since 1970. */
  readonly expiresAt: number
  /** The server's clock when it sent this, in milliseconds since 1970; older servers don't say. */
  readonly serverNow: number | undefined
  /** What renews it; missing where the server renews nothing for this app, and in what it renewed. */
  readonly session: Session | undefined
}

/**
 * Reads a token message.
 *
 * @throws LoginError `bad_response` where it is malformed or expired on the server's own clock,
 *   else whatever the message means
 */
export function readGrant(message: Message): Grant {
  if (message?.type !== 'token' || !isObject(message.value)) throw unexpected(message)
  const { key, sig, msg, token } = message.value
  if (!isText(key) || !isText(sig) || !isText(msg) || !isText(token)) throw unexpected(message)
  const expiresAt = parseInstant(msg)
  const serverNow = message.now === undefined ? undefined : parseInstant(message.now)
  // Written so that it fails, too, where one of the two is not a number.
  if (!(expiresAt > (serverNow ?? 0))) throw unexpected(message)
  // The callers of one login all get this very object.
  const userAuth = Object.freeze({ key, sig, msg, token })
  return { userAuth, expiresAt, serverNow, session: readSession({ ...message, token }) }
}

/** The session that a message or an entry tells of, or `undefined` where one of its texts is missing. */
export function readSession(fields: Readonly<Record<string, unknown>>): Session | undefined {
  const { token, renewal, renewUntil } = fields
  return isText(token) && isText(renewal) && isText(renewUntil)
    ? { token, renewal, renewUntil }
    : undefined
}

/** `Date.parse` alone takes much else, such as `1` or a date with words in parentheses. */
const RFC_3339 = /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/

/** In milliseconds: a `UserAuth` with less life than this left is not handed out again. */
const MOST_MARGIN = 30_000

/**
 * Refuses a grant that the SDK would refuse: it compares `msg` to the device's clock, and with a
 * clock that is ahead says `Auth expired` whatever the server sends.
 *
 * @throws LoginError `clock_skew`
 */
export function checkClock({ expiresAt }: Grant): void {
  if (Date.now() >= expiresAt) throw clientError('clock_skew')
}

/**
 * Tells how long a grant that has just come may be handed out.
 *
 * The life is what the server's clock says, for a device's clock may be off. How much of it has
 * gone is measured on two clocks, and the one that has run further counts: the steady one can
 * stand still while a device sleeps, the device's clock can be set back. Besides, a grant is
 * never handed out once `msg` is past on the device's clock: the SDK would refuse it.
 *
 * With a device's clock that is behind, the SDK itself goes on using what it has been given until
 * that clock reaches `msg`, while the Hub refuses it. Nothing on this side can help that.
 *
 * @returns a function that says whether the grant is still good to be handed out; or, asked for
 *   `toTheEnd`, whether it would do where nothing newer can be had
 */
export function watchLife({
  expiresAt,
  serverNow,
}: Pick<Grant, 'expiresAt' | 'serverNow'>): (toTheEnd?: 'toTheEnd') => boolean {
  const deviceStart = Date.now()
  const steadyStart = performance.now()
  const life = expiresAt - (serverNow ?? deviceStart)
  const usable = life - Math.min(life / 10, MOST_MARGIN)
  return (toTheEnd) => {
    const deviceNow = Date.now()
    const age = Math.max(deviceNow - deviceStart, performance.now() - steadyStart)
    return age < (toTheEnd ? life : usable) && deviceNow < expiresAt
  }
}

/** In milliseconds since 1970, or `NaN` where the value is not the text of an instant. */
export function parseInstant(value: unknown): number {
  return isText(value) && RFC_3339.test(value) ? Date.parse(value) : Number.NaN
}
