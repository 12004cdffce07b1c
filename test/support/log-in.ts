import { onTestFinished, vi } from 'vitest'
import type { LoginError } from '../../src/client/login-error.js'
import { loginWithChallenge } from '../../src/client/node.js'
import type { Identity, LoginOptions, LoginStep } from '../../src/client/types.js'
import type { UserAuth } from '../../src/protocol.js'
import { Ed25519Identity } from './ed25519-identity.js'
import { trackSockets } from './tracked-sockets.js'

/** Puts the client's clocks and timers into the test's hands, and leaves sockets alone. */
export function holdTime(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] })
  onTestFinished(() => {
    vi.useRealTimers()
  })
}

/** Ends the wait between attempts that begins with a step, if one does. */
export function endWait(step: LoginStep): void {
  // After this step the client sets the timer.
  if (step.step === 'retrying') setImmediate(() => vi.advanceTimersByTime(Math.ceil(step.wait)))
}

/** One login, run to its end. */
export interface Outcome {
  readonly userAuth: UserAuth | undefined
  readonly error: LoginError | undefined
  readonly steps: LoginStep[]
}

/**
 * Logs in, waits until every socket is closed, and tells how it went.
 * Waits between attempts end at once if the test holds the time.
 */
export async function tryLogin(
  options: LoginOptions & { url: string },
  identity: Identity = new Ed25519Identity(),
): Promise<Outcome> {
  const tracked = trackSockets()
  const steps: LoginStep[] = []
  const logIn = loginWithChallenge(identity, {
    WebSocket: tracked.WebSocket,
    ...options,
    onStep(step) {
      steps.push(step)
      options.onStep?.(step)
      if (vi.isFakeTimers() && !options.signal?.aborted) endWait(step)
    },
  })
  const outcome = await logIn().then(
    (userAuth) => ({ userAuth, error: undefined }),
    (error) => ({ userAuth: undefined, error }),
  )
  await tracked.allClosed()
  return { ...outcome, steps }
}
