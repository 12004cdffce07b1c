import { isatty } from 'node:tty'
import type { Log } from './log.js'

/** File descriptors of standard input, output and errors. */
const STANDARD_STREAMS = [0, 1, 2]

/** Where the SDK's code is, as stacks show it. */
const SDK = /node_modules[\\/](@textile|@improbable-eng)[\\/]/

/**
 * Calls `stop` at the first SIGINT or SIGTERM. Further ones change nothing: npm repeats a signal
 * that the terminal has sent already.
 */
export function onShutdownSignal(stop: () => void): void {
  let isStopping = false
  const listener = (): void => {
    if (!isStopping) stop()
    isStopping = true
  }
  process.on('SIGINT', listener)
  process.on('SIGTERM', listener)
}

/**
 * Calls `reload` at each SIGHUP, one call after another. The same signal comes when the terminal
 * closes that the process was started in: then the process ends at once, as it would without
 * this. Windows has the signal for a closed terminal only.
 *
 * @param reload - must not reject
 */
export function onReloadSignal(reload: () => Promise<void>): void {
  if (process.platform === 'win32') return
  const terminals = STANDARD_STREAMS.filter((stream) => isatty(stream))
  let last = Promise.resolve()
  process.on('SIGHUP', () => {
    // A terminal that has closed is none any more, and Node.js can't shut down in good order then.
    if (terminals.every((stream) => isatty(stream))) last = last.then(reload)
    else process.removeAllListeners('SIGHUP').kill(process.pid, 'SIGHUP')
  })
}

/**
 * Handles errors that nothing caught. A rejection from the SDK, which throws in places that
 * nothing can catch, is logged and survived: its call has failed by other ways too. After
 * anything else the state of the process is unknown: the error is logged, and `stop` is called,
 * so that a supervisor starts a new process.
 */
export function handleUncaughtErrors(log: Log, stop: () => void): void {
  let isStopping = false
  const shutDown = (err: unknown): void => {
    log.fatal({ err }, 'an error that nothing caught: stopping')
    if (!isStopping) stop()
    isStopping = true
  }
  process.on('uncaughtException', shutDown)
  process.on('unhandledRejection', (err) => {
    if (!isFromSdk(err)) return shutDown(err)
    return log.error({ err }, 'an error in the SDK that nothing caught')
  })
}

/** Whether an error was made in the SDK's own code. */
function isFromSdk(error: unknown): boolean {
  const [, origin = ''] = error instanceof Error ? (error.stack ?? '').split('\n') : []
  return SDK.test(origin)
}
