import { withDeadline } from '../deadline.js'
import type { RateLimits } from '../limits/rate-limits.js'
import { ErrorCode } from '../protocol.js'
import { type Authorize, type Decision, type LoginUser, readDecision } from '../users/authorize.js'
import type { UserStore } from '../users/user-store.js'
import { LoginError, rateLimited } from './errors.js'

/** How long the app's own decision may take, in seconds. */
const AUTHORIZE_TIMEOUT = 2

/** The number of the first sessions of a user, whom the store may have yet to see. */
const FIRST_SESSION = 0

/** What decides whether a user may log in, or go on with a session. */
export interface AuthorizationSettings {
  readonly rateLimits: RateLimits
  /** The app's own decision; everybody may log in where missing. */
  readonly authorize?: Authorize | undefined
  /** Where logins are recorded and blocks are kept; neither is where missing. */
  readonly users?: UserStore | undefined
}

/**
 * Decides whether a user, who has proven to hold the key, may log in. The login is on record when
 * this returns; a user who is refused has no login recorded.
 *
 * @returns the number that the user's sessions have now
 * @throws LoginError `rate_limited` or `denied`, or `internal` where it can't be decided
 */
export async function authorizeUser(
  user: LoginUser,
  { rateLimits, authorize, users }: AuthorizationSettings,
): Promise<number> {
  const wait = await rateLimits.countToken(user.pubkey)
  if (wait > 0) throw rateLimited(wait, 'logins_per_minute_per_key')
  if (authorize) await askApp(authorize, user)
  const { block, session = FIRST_SESSION } =
    (await users?.recordLogin(user.pubkey).catch(fail)) ?? {}
  if (block) throw new LoginError(ErrorCode.Denied)
  return session
}

/**
 * Decides whether a user may go on with a session.
 *
 * @param session - the number that the user's sessions had at the login
 * @throws LoginError `rate_limited`, `denied` or `renewal_refused`, or `internal` where it can't be
 *   decided
 */
export async function authorizeRenewal(
  user: LoginUser,
  session: number,
  { rateLimits, authorize, users }: AuthorizationSettings,
): Promise<void> {
  const wait = await rateLimits.countRenewal(user.pubkey)
  if (wait > 0) throw rateLimited(wait, 'renewals_per_minute_per_key')
  if (authorize) await askApp(authorize, user)
  const found = await users?.recordRenewal(user.pubkey, session).catch(fail)
  if (found?.isBlocked) throw new LoginError(ErrorCode.Denied)
  if (session !== (found?.session ?? FIRST_SESSION)) throw new LoginError(ErrorCode.RenewalRefused)
}

/** Asks for the app's own decision. @throws LoginError where it isn't to let the user in */
async function askApp(authorize: Authorize, user: LoginUser): Promise<void> {
  const decision = await decide(authorize, user)
  if (!decision.allow) throw new LoginError(ErrorCode.Denied, { text: decision.reason })
}

/** The app's own decision. Whoever makes it may be slow, fail, or return anything at all. */
async function decide(authorize: Authorize, user: LoginUser): Promise<Decision> {
  const late = new AbortController()
  const lateError = (): Error => {
    late.abort()
    return new Error('authorize took too long')
  }
  // Called in a promise: a function that is not careful throws at once.
  const asked = Promise.resolve().then(() => authorize(user, late.signal))
  const decision = readDecision(await withDeadline(AUTHORIZE_TIMEOUT, asked, lateError).catch(fail))
  return decision ?? fail(new Error('authorize returned no decision'))
}

function fail(cause: unknown): never {
  throw new LoginError(ErrorCode.Internal, { cause })
}
