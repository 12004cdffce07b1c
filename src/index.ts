import { ConfigError, readConfig } from './config.js'
import { readEnvironment } from './environment.js'
import { openLog } from './log.js'
import { onceToldToStop } from './signals.js'
import { type Running, start } from './start.js'

/** How long stopping may take before what still runs is cut off, in ms. */
const STOP_TIMEOUT_MS = 2_000

try {
  const config = readConfig(readEnvironment())
  const running = await start(config, await openLog(config.logLevel))
  onceToldToStop(() => void stop(running, 0))
  await running.keyChecked.catch(async (error: unknown) => {
    printFaults(error)
    await stop(running, 1)
  })
} catch (error) {
  printFaults(error)
  process.exit(1)
}

/** Stops everything and ends the process, at the latest when the time for stopping is up. */
async function stop(running: Running, exitStatus: number): Promise<never> {
  setTimeout(() => process.exit(exitStatus), STOP_TIMEOUT_MS).unref()
  await running.close()
  process.exit(exitStatus)
}

/** Prints a line for each fault of the configuration; any other error is for the runtime. */
function printFaults(error: unknown): void {
  if (!(error instanceof ConfigError)) throw error
  for (const fault of error.faults) process.stderr.write(`${fault}\n`)
}
