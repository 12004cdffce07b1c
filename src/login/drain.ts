import { setTimeout as wait } from 'node:timers/promises'
import { secondsNow } from '../deadline.js'
import type { LoginSession } from './session.js'

/** How often sessions are counted while the last logins end, in ms. */
const INTERVAL_MS = 20

/**
 * Ends all sessions: those without a login at once, the others when their logins have ended, and
 * whatever is left when the time is up.
 *
 * @param sessions - open sessions; each leaves the set when its socket has closed
 * @param seconds - how long logins may run on
 */
export async function drain(sessions: ReadonlySet<LoginSession>, seconds: number): Promise<void> {
  for (const session of sessions) session.drain()
  const endsAt = secondsNow() + seconds
  while (hasRunning(sessions) && secondsNow() < endsAt) await wait(INTERVAL_MS)
  for (const session of sessions) session.stop()
}

function hasRunning(sessions: ReadonlySet<LoginSession>): boolean {
  for (const session of sessions) if (session.isLoggingIn) return true
  return false
}
