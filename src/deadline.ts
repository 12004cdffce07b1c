/**
 * Turns a time into milliseconds, the unit of Node.js's timers and dates. Configuration and options
 * are in seconds; nothing else turns one into the other.
 */
export function toMilliseconds(seconds: number): number {
  return seconds * 1_000
}

/** The time on a clock that is never set back, in seconds from a start of its own. */
export function secondsNow(): number {
  return performance.now() / 1_000
}

/** A failure that may come: a promise that never fulfils, and what rejects it. */
export interface PendingFailure {
  /** Safe to ignore: nobody has to catch it. */
  readonly promise: Promise<never>
  readonly reject: (error: unknown) => void
}

/** Makes a failure to wait for beside what may succeed. */
export function createPendingFailure(): PendingFailure {
  let reject: PendingFailure['reject'] = () => {}
  const promise = new Promise<never>((_, rejectPromise) => {
    reject = rejectPromise
  })
  promise.catch(() => {})
  return { promise, reject }
}

/**
 * Waits for work, up to a deadline. The work itself goes on: ending it is its owner's part.
 *
 * @param seconds - how long to wait
 * @param work - what to wait for
 * @param lateError - makes the error to reject with when the time is up
 * @returns what the work returns
 * @throws what the work throws, or `lateError()` when the time is up
 */
export async function withDeadline<T>(
  seconds: number,
  work: Promise<T>,
  lateError: () => Error,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(lateError()), toMilliseconds(seconds))
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
