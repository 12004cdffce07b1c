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
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(lateError()), seconds * 1000)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
