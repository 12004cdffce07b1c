import type { Log } from './log.js'

/** Where the SDK's code is, as stacks show it. */
const SDK = /node_modules[\\/](@textile|@improbable-eng)[\\/]/

/**
 * Takes care of errors that reached nobody. A rejection out of the SDK, which throws in places
 * that nothing can catch, is logged and survived: its call has failed by other ways too. After
 * anything else nobody knows what state the process is in: it is logged, and `stop` is called, so
 * that a supervisor starts a new one.
 */
export function catchStrays(log: Log, stop: () => void): void {
  let isStopping = false
  const giveUp = (err: unknown): void => {
    log.fatal({ err }, 'an error that nothing caught: stopping')
    if (!isStopping) stop()
    isStopping = true
  }
  process.on('uncaughtException', giveUp)
  process.on('unhandledRejection', (err) => {
    if (!isOfSdk(err)) return giveUp(err)
    return log.error({ err }, 'an error in the SDK that nothing caught')
  })
}

/** Whether an error was made in the SDK's own code. */
function isOfSdk(error: unknown): boolean {
  const [, origin = ''] = error instanceof Error ? (error.stack ?? '').split('\n') : []
  return SDK.test(origin)
}
