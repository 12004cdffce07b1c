'use client'
/** The package's `./react`: the login as a hook. Needs React 18 or newer. */
import { useCallback, useEffect, useState, useSyncExternalStore } from 'react'
import type { UserAuth } from '../protocol.js'
import { LoginSession, type SessionOptions, type SessionView } from './login-session.js'
import type { Identity } from './types.js'

export type { UserAuth } from '../protocol.js'
export { type ClientErrorCode, LoginError, type LoginErrorCode } from './login-error.js'
export type { SessionOptions, SessionView } from './login-session.js'
export type * from './types.js'

/** The login of a component: two functions, and what to show. */
export interface UseUserAuth extends SessionView {
  /**
   * The callback that `Client.withUserAuth` and `Buckets.withUserAuth` take. It is the same
   * function until the user, an option's value or `logOut` makes it another one: make the SDK's
   * clients in `useMemo(…, [logIn])`. It rejects with what `error` shows.
   */
  readonly logIn: () => Promise<UserAuth>
  /**
   * Aborts a login that runs, forgets the `UserAuth`, and lets the callbacks given out so far log
   * in no more. It can't take back a `UserAuth` that clients of the SDK hold already: drop them.
   */
  readonly logOut: () => void
}

/**
 * Logs a component's user in to a Hub by way of a login server. Rendering logs nobody in: a call
 * of `logIn` does, by the SDK or by a button. A login that runs while the component unmounts is
 * aborted.
 *
 * @param identity - whoever logs in; `undefined` or `null` while that is not known
 * @param options - as of `loginWithChallenge`, without `signal`. Compared by value: an object made
 *   anew with each rendering is the same, and so is an identity with the same public key
 *
 * @example
 * const { logIn, logOut, userAuth, step, error } = useUserAuth(identity)
 * const client = useMemo(() => Client.withUserAuth(logIn, hubUrl), [logIn])
 */
export function useUserAuth(
  identity: Identity | null | undefined,
  options: SessionOptions = {},
): UseUserAuth {
  const who = identity ?? undefined
  const [kept, setSession] = useState(() => new LoginSession(who, options))
  let session = kept
  if (!session.isOf(who, options)) {
    session = new LoginSession(who, options)
    setSession(session)
  }
  useEffect(() => session.update(who, options))

  const { subscribe, getView, logIn } = session
  const view = useSyncExternalStore(subscribe, getView, getView)
  const logOut = useCallback(() => setSession(session.end()), [session])
  return { logIn, logOut, ...view }
}
