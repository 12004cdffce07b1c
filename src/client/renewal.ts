import { isObject } from '../protocol.js'
import { type Grant, readGrant, type Session } from './grant.js'
import { serverError } from './login-error.js'

/**
 * What the client does when a renewal fails, by the HTTP status of the answer:
 *
 * | status | what the client does |
 * |---|---|
 * | 403 with `denied` | ends the session and rejects: the user may not come any more |
 * | 429, 503 | waits and tries again, or rejects, as for the same code of a login |
 * | 500 | uses the `UserAuth` that it has while it lasts; then it logs in |
 * | 401 | ends the session and logs in |
 * | anything else, or no answer that can be understood | logs in |
 */
export type FailedRenewal = number

/** What a server, or a proxy before it, has answered. */
interface Answer {
  readonly status: number
  /** The fields of its JSON; none where it is no object. */
  readonly body: Readonly<Record<string, unknown>>
}

/** The codes of errors whose answer, perhaps a proxy's, names none. */
const CODES: Readonly<Record<number, string>> = { 429: 'rate_limited', 503: 'overloaded' }

/**
 * Asks the server once to renew the API signature of a session. No token of the user's is sent.
 *
 * @param connectTimeout - how long the answer may take, in milliseconds
 * @param stopped - rejects when the login is to stop
 * @returns what the login would bring, or the status of an answer after which to log in; 0 for no
 *   answer in time, or none that can be understood
 * @throws LoginError where another login would help no more, or not yet
 */
export async function renew(
  session: Session,
  renewalUrl: string,
  connectTimeout: number,
  stopped: Promise<never>,
): Promise<Grant | FailedRenewal> {
  const controller = new AbortController()
  const asked = ask(renewalUrl, session.renewal, controller.signal)
  const timer = setTimeout(() => controller.abort(), connectTimeout)
  try {
    const { status, body } = await Promise.race([stopped, asked])
    const code = body.code ?? CODES[status]
    if (CODES[status] || (status === 403 && code === 'denied')) throw serverError({ ...body, code })
    return status === 200 ? readRenewed(body, session) : status
  } finally {
    clearTimeout(timer)
    controller.abort()
  }
}

/** Asks once, and never rejects: without an answer the status is 0. */
async function ask(url: string, renewal: string, signal: AbortSignal): Promise<Answer> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ renewal }),
      credentials: 'omit',
      // Wherever a redirect leads, the renewal is not for that server.
      redirect: 'error',
      signal,
    })
    const body: unknown = await response.json().catch(() => undefined)
    return { status: response.status, body: isObject(body) ? body : {} }
  } catch {
    return { status: 0, body: {} }
  }
}

function readRenewed({ value, now }: Answer['body'], session: Session): Grant | FailedRenewal {
  try {
    const { token } = session
    return readGrant({ type: 'token', now, value: isObject(value) && { ...value, token } })
  } catch {
    return 0
  }
}
