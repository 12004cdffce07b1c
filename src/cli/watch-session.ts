import { setTimeout as sleep } from 'node:timers/promises'
import type { LogIn } from '../client/types.js'
import type { UserAuth } from '../protocol.js'
import { nextUserAuthText, WATCHING_TEXT } from './login-text.js'

/** How often the client is asked for its UserAuth, in ms. It renews one that is near its end. */
const INTERVAL = 500

/** The signals that end the watch, from a keyboard or a service manager. */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/**
 * Keeps a session, as an app does that calls the Hub all day, and prints each UserAuth that takes
 * the place of the one before.
 *
 * @param logIn - has logged in once
 * @param first - what that login gave
 * @param stop - aborted when the process is told to stop; its signal ends `logIn` too
 * @returns once the process is told to stop
 * @throws LoginError where the session can't be kept
 */
export async function watchSession(
  logIn: LogIn,
  first: UserAuth,
  stop: AbortController,
  print: (text: string) => void,
): Promise<void> {
  const onSignal = () => stop.abort()
  for (const signal of SIGNALS) process.once(signal, onSignal)
  print(WATCHING_TEXT)
  let last = first
  let renewals = 0
  try {
    for (;;) {
      await sleep(INTERVAL, undefined, { signal: stop.signal })
      const next = await logIn()
      if (next === last) continue
      last = next
      renewals += 1
      print(nextUserAuthText(renewals, next, Date.now()))
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal)
  }
}
