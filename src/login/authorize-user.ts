import { withDeadline } from '../deadline.js'
import type { RateLimits } from '../limits/rate-limits.js'
import { ErrorCode } from '../protocol.js'
import { type Authorize, type Decision, type LoginUser, readDecision } from '../users/authorize.js'
import type { UserStore } from '../users/user-store.js'
import { LoginError, rateLimited } from './errors.js'

/** How long the app's own decision may take, in seconds. */
const AUTHORIZE_TIMEOUT = 2

/** What decides whether a user may log in. */
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
 * @throws LoginError `rate_limited` or `denied`, or `internal` where it can't be decided
 */
export async function authorizeUser(
  user: LoginUser,
  { rateLimits, authorize, users }: AuthorizationSettings,
): Promise<void> {
  const wait = await rateLimits.countToken(user.pubkey)
  if (wait > 0) throw rateLimited(wait, 'logins_per_minute_per_key')
  if (authorize) {
    const decision = await decide(authorize, user)
    if (!decision.allow) throw new LoginError(ErrorCode.Denied, { text: decision.reason })
  }
  if (users) {
    const { block } = await users.recordLogin(user.pubkey).catch(fail)
    if (block) throw new LoginError(ErrorCode.Denied)
  }
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
