import { createReload } from './app/reload.js'
import { type RunningServer, start } from './app/start.js'
import { ConfigError, readConfig } from './config/config.js'
import { readEnvironment } from './config/environment.js'
import { openLog } from './log.js'
import { handleUncaughtErrors, onReloadSignal, onShutdownSignal } from './process.js'

/** How long stopping may take beyond the time that logins have to end, in ms. */
const STOP_TIMEOUT_MS = 2_000

try {
  const environment = readEnvironment()
  const config = readConfig(environment)
  const log = await openLog(config.logLevel)
  const starting = start(config, log)
  onReloadSignal(createReload(environment, readEnvironment, starting, log))
  const running = await starting
  const stop = (exitStatus: number) =>
    stopWithin(config.limits.shutdownTimeout * 1000 + STOP_TIMEOUT_MS, running, exitStatus)
  onShutdownSignal(() => void stop(0))
  handleUncaughtErrors(log, () => void stop(1))
  await running.keyChecked.catch(async (error: unknown) => {
    printFaults(error)
    await stop(1)
  })
} catch (error) {
  printFaults(error)
  process.exit(1)
}

/** Stops everything and ends the process, at the latest when the time for stopping is up. */
async function stopWithin(ms: number, running: RunningServer, exitStatus: number): Promise<never> {
  setTimeout(() => process.exit(exitStatus), ms).unref()
  await running.close()
  process.exit(exitStatus)
}

/** Prints a line for each fault of the configuration; any other error is for the runtime. */
function printFaults(error: unknown): void {
  if (!(error instanceof ConfigError)) throw error
  for (const fault of error.faults) process.stderr.write(`${fault}\n`)
}
