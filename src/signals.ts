/**
 * Calls `stop` at the first signal to stop. Further ones change nothing: npm repeats a signal that
 * the terminal has sent already.
 */
export function onceToldToStop(stop: () => void): void {
  let isTold = false
  const tell = (): void => {
    if (!isTold) stop()
    isTold = true
  }
  process.on('SIGINT', tell)
  process.on('SIGTERM', tell)
}
