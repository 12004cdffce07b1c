import { createReload } from './app/reload.js'
import { type RunningServer, start } from './app/start.js'
import { readConfig } from './config/config.js'
import { ConfigError } from './config/config-error.js'
import { readEnvironment } from './config/environment.js'
import { toMilliseconds } from './deadline.js'
import { openLog } from './log.js'
import { handleUncaughtErrors, onReloadSignal, onShutdownSignal } from './process.js'

/** How long stopping may take beyond the time that logins have to end, in seconds. */
const STOP_TIMEOUT = 2

try {
  const environment = readEnvironment()
  const config = readConfig(environment)
  const log = await openLog(config.logLevel)
  const starting = start(config, log)
  onReloadSignal(createReload(environment, readEnvironment, starting, log))
  const running = await starting
  const stop = (exitStatus: number) =>
    stopWithin(config.limits.shutdownTimeout + STOP_TIMEOUT, running, exitStatus)
  onShutdownSignal(() => void stop(0))
  handleUncaughtErrors(log, () => void stop(1))
  await running.keyChecked.catch(async (error: unknown) => {
    printErrors(error)
    await stop(1)
  })
} catch (error) {
  printErrors(error)
  process.exit(1)
}

/** Stops everything and ends the process, at the latest when the time for stopping is up. */
async function stopWithin(
  seconds: number,
  running: RunningServer,
  exitStatus: number,
): Promise<never> {
  setTimeout(() => process.exit(exitStatus), toMilliseconds(seconds)).unref()
  await running.close()
  process.exit(exitStatus)
}

/** Prints a line for each error of the configuration; any other error is for the runtime. */
function printErrors(error: unknown): void {
  if (!(error instanceof ConfigError)) throw error
  for (const line of error.errors) process.stderr.write(`${line}\n`)
}
