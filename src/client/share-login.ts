import type { UserAuth } from '../protocol.js'
import { attemptLogin } from './attempt.js'
import { checkClock, type Grant, watchLife } from './grant.js'
import { type Attempt, logIn } from './login.js'
import { clientError, LoginError } from './login-error.js'
import { renew } from './renewal.js'
import { openSessionStore } from './session-store.js'
import type { Settings } from './settings.js'
import type { LogIn } from './types.js'

/**
 * After how many renewals in a row that failed where the login after them succeeded there are no
 * more: something between the app and the server lets sockets through, and nothing else.
 */
const MOST_FAILURES = 2

/** A `UserAuth`, and how long it may be handed out. */
interface Held {
  readonly userAuth: UserAuth
  readonly isUsable: ReturnType<typeof watchLife>
}

/** What one user has: in memory until it is forgotten, or another user comes. */
interface User {
  readonly pubkey: string
  held?: Held | undefined
  pending?: Promise<UserAuth> | undefined
  /** What is pending, if `refresh` began it. */
  refreshing?: Promise<UserAuth> | undefined
}

/**
 * Makes the function that logs in when it has to. The SDK calls it once per call of its own that
 * finds no valid `UserAuth`, which can be many at once: they share one login, and later ones its
 * result.
 */
export function shareLogin(settings: Settings): LogIn {
  const { identity, url, renewalUrl, connectTimeout, signal } = settings
  const sessions = openSessionStore(settings.storage, url)
  // A login that runs keeps to the user that it began with, and so stores nothing once another
  // object is in its place.
  let user: User | undefined
  let failures = 0

  async function run(mine: User): Promise<UserAuth> {
    try {
      mine.held = await logIn(settings, (stopped, report) => tryOnce(mine, stopped, report))
      return mine.held.userAuth
    } catch (error) {
      if (error instanceof LoginError && error.code === 'denied') end(mine)
      throw error
    } finally {
      mine.pending = undefined
      mine.refreshing = undefined
    }
  }

  async function tryOnce(mine: User, ...[stopped, report]: Parameters<Attempt<Held>>) {
    const { pubkey } = mine
    const session = renewalUrl && failures < MOST_FAILURES ? sessions.read(pubkey) : undefined
    if (renewalUrl && session) {
      report({ step: 'renewing' })
      const renewed = await renew(session, renewalUrl, connectTimeout, stopped)
      if (typeof renewed === 'object') {
        failures = 0
        report({ step: 'renewed' })
        checkClock(renewed)
        return hold(renewed)
      }
      if (renewed === 500 && mine.held?.isUsable('toTheEnd')) {
        report({ step: 'kept' })
        return mine.held
      }
      if (renewed === 401) end(mine)
    }
    const grant = await attemptLogin(settings, pubkey, stopped, report)
    if (session) failures++
    if (renewalUrl && user === mine) sessions.keep(pubkey, grant.session)
    return hold(grant)
  }

  /** Ends a session that the server has refused. One that began after it is not touched. */
  function end(mine: User): void {
    if (user === mine) sessions.keep(mine.pubkey, undefined)
    mine.held = undefined
  }

  const getUserAuth = async (): Promise<UserAuth> => {
    if (signal?.aborted) throw clientError('aborted', signal.reason)
    const pubkey = identity.public.toString()
    if (user?.pubkey !== pubkey) user = { pubkey }
    const mine = user
    if (mine.held?.isUsable()) return mine.held.userAuth
    // `onStep` may call `forget` while this line runs.
    mine.pending ??= run(mine)
    return mine.pending
  }

  const forget = (): void => {
    user = undefined
    sessions.keep(identity.public.toString(), undefined)
  }

  return Object.assign(getUserAuth, {
    forget,
    refresh: async () => {
      if (user?.refreshing) return user.refreshing
      forget()
      const login = getUserAuth()
      // There is a user again, unless the signal has been aborted.
      if (user) user.refreshing = login
      return login
    },
  })
}

function hold(grant: Grant): Held {
  return { userAuth: grant.userAuth, isUsable: watchLife(grant) }
}
