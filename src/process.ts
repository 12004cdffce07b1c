import { isatty } from 'node:tty'

/** File descriptors of standard input, output and errors. */
const STANDARD_STREAMS = [0, 1, 2]

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
 * Calls `reload` at each SIGHUP, one call after another. The same signal comes where the terminal
 * that the process was started in has closed: then the process ends at once, as it would without
 * this. Windows knows the signal for that alone.
 *
 * @param reload - must not reject
 */
export function wheneverToldToReload(reload: () => Promise<void>): void {
  if (process.platform === 'win32') return
  const terminals = STANDARD_STREAMS.filter((stream) => isatty(stream))
  let last = Promise.resolve()
  process.on('SIGHUP', () => {
    // A terminal that has closed is none any more. To stop in good order with one, Node.js can't.
    if (terminals.every((stream) => isatty(stream))) last = last.then(reload)
    else process.removeAllListeners('SIGHUP').kill(process.pid, 'SIGHUP')
  })
}
