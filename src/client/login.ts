import { clientError, LoginError } from './login-error.js'
import { isWorthRetrying, waitAfter } from './retry.js'
import type { Settings } from './settings.js'
import type { StepEvent } from './types.js'

/**
 * One attempt to log in. `stopped` rejects when the login is to stop, `report` is told of each step.
 */
export type Attempt<T> = (stopped: Promise<never>, report: (event: StepEvent) => void) => Promise<T>

/**
 * Logs in: attempts, with waits between them, until one succeeds, one fails for good, or timeout
 * or signal put an end to it.
 *
 * @param settings - with a signal that has not been aborted yet
 * @param tryOnce - makes one attempt
 * @returns what the attempt that succeeded has returned
 * @throws LoginError; or whatever `onStep` throws
 */
export async function logIn<T>(settings: Settings, tryOnce: Attempt<T>): Promise<T> {
  const { timeout, retries, onStep } = settings
  const start = performance.now()
  let attempt = 1
  const report = (event: StepEvent) => onStep({ ...event, attempt, at: performance.now() - start })

  const stop = watchForStop(settings)
  try {
    for (;;) {
      try {
        return await tryOnce(stop.stopped, report)
      } catch (error) {
        if (attempt > retries || !isWorthRetrying(error)) throw error
        const wait = waitAfter(error, attempt)
        // A wait that can't end in time helps nobody: better say now what is wrong.
        if (performance.now() - start + wait >= timeout) throw error
        report({ step: 'retrying', code: error.code, wait })
        await pause(wait, stop.stopped)
        attempt++
      }
    }
  } catch (error) {
    if (error instanceof LoginError) report({ step: 'failed', code: error.code })
    throw error
  } finally {
    stop.release()
  }
}

/** What ends a login from outside: its timeout and its signal. */
function watchForStop({ timeout, signal }: Settings) {
  let release = () => {}
  const stopped = new Promise<never>((_, reject) => {
    const onAbort = () => reject(clientError('aborted', signal?.reason))
    const timer = setTimeout(() => reject(clientError('timeout')), timeout)
    signal?.addEventListener('abort', onAbort)
    release = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    }
  })
  // It may come at a moment when nothing waits, and must not count as unhandled then.
  stopped.catch(() => {})
  return { stopped, release }
}

/** Waits, in milliseconds, unless the login is stopped first. */
async function pause(wait: number, stopped: Promise<never>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, wait)
  })
  try {
    await Promise.race([stopped, over])
  } finally {
    clearTimeout(timer)
  }
}
