import { readConfig } from '../config/config.js'
import { ConfigError } from '../config/config-error.js'
import type { Environment } from '../config/environment.js'
import { VARIABLE_NAMES } from '../config/variables.js'
import type { Log } from '../log.js'
import type { Running } from './start.js'

/** What takes another value while the server runs; not whether there is a value. */
const RELOADED = ['TLS_CERT', 'TLS_KEY', 'USER_API_KEY', 'USER_API_SECRET']

/**
 * Makes what reloads the configuration of a running server: certificate and API key. Whatever is
 * of no use is refused with a line in the log, and what is in use stays. Never rejects.
 *
 * @param started - the environment that the server was started with
 * @param readEnvironment - reads it again
 */
export function createReload(
  started: Environment,
  readEnvironment: () => Environment,
  running: Promise<Pick<Running, 'reload'>>,
  log: Log,
): () => Promise<void> {
  return async () => {
    try {
      const environment = readEnvironment()
      const config = readConfig(environment)
      const names = findRestartVariables(started, environment)
      if (names.length > 0) log.warn(`reload: to change ${names.join(', ')} takes a restart`)
      const hasChanged = await (await running).reload(config)
      if (!hasChanged) log.info('reload: certificate and key are as they were')
    } catch (error) {
      if (error instanceof ConfigError) {
        for (const line of error.errors) log.error(`reload: nothing is changed: ${line}`)
      } else log.error({ err: error }, 'reload: failed')
    }
  }
}

/** The variables that have changed, and whose change only a restart brings into effect. */
function findRestartVariables(before: Environment, after: Environment): string[] {
  return VARIABLE_NAMES.filter((name) => {
    const [old, fresh] = [before[name] || undefined, after[name] || undefined]
    if (old === fresh) return false
    return !RELOADED.includes(name) || old === undefined || fresh === undefined
  })
}
