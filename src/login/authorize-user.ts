import { withDeadline } from '../deadline.js'
import type { RateLimits } from '../limits/rate-limits.js'
import { ErrorCode } from '../protocol.js'
import type { Authorize, Decision, Visitor } from '../users/authorize.js'
import { readDecision } from '../users/decision.js'
import type { UserStore } from '../users/user-store.js'
import { LoginFailure, throwIfLimited } from './errors.js'

/** How long the decision on a visitor may take, in seconds. */
const AUTHORIZE_TIMEOUT = 2

/** What a doorkeeper goes by. */
export interface DoorkeeperSettings {
  readonly rateLimits: RateLimits
  /** The app's own decision; everybody may come in where missing. */
  readonly authorize?: Authorize | undefined
  /** Where logins are recorded and blocks are kept; neither is where missing. */
  readonly users?: UserStore | undefined
}

/** Lets in those who have proven who they are, or doesn't. */
export class Doorkeeper {
  readonly #rateLimits: RateLimits
  readonly #authorize: Authorize | undefined
  readonly #users: UserStore | undefined

  constructor({ rateLimits, authorize, users }: DoorkeeperSettings) {
    this.#rateLimits = rateLimits
    this.#authorize = authorize
    this.#users = users
  }

  /**
   * Decides on a visitor, whose login is on record when this returns. Whoever is refused has no
   * login recorded.
   *
   * @throws LoginFailure where the visitor may not come in, or it can't be found out
   */
  async admit(visitor: Visitor): Promise<void> {
    throwIfLimited(await this.#rateLimits.countToken(visitor.pubkey), 'logins_per_minute_per_key')
    if (this.#authorize) refuseUnlessAllowed(await decide(this.#authorize, visitor))
    if (this.#users) {
      const { block } = await this.#users.recordLogin(visitor.pubkey).catch(fail)
      if (block) throw new LoginFailure(ErrorCode.Denied)
    }
  }
}

/** Has somebody else decide, who may be slow, fail, or return anything at all. */
async function decide(authorize: Authorize, visitor: Visitor): Promise<Decision> {
  const late = new AbortController()
  const lateError = (): Error => {
    late.abort()
    return new Error('authorize took too long')
  }
  // Called in a promise: whoever is not careful throws at once.
  const asked = Promise.resolve().then(() => authorize(visitor, late.signal))
  const decision = readDecision(await withDeadline(AUTHORIZE_TIMEOUT, asked, lateError).catch(fail))
  return decision ?? fail(new Error('authorize returned no decision'))
}

function refuseUnlessAllowed(decision: Decision): void {
  if (!decision.allow) throw new LoginFailure(ErrorCode.Denied, { text: decision.reason })
}

function fail(cause: unknown): never {
  throw new LoginFailure(ErrorCode.Internal, { cause })
}
