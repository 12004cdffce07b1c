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

/**
 * Calls `reload` at each SIGHUP, one call after another. Windows means something else by it: that
 * the console has closed.
 *
 * @param reload - must not reject
 */
export function wheneverToldToReload(reload: () => Promise<void>): void {
  if (process.platform === 'win32') return
  let last = Promise.resolve()
  process.on('SIGHUP', () => {
    last = last.then(reload)
  })
}
