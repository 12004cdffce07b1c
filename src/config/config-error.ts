import { OpenUserStoreError } from '../users/open-user-store.js'

/** Thrown where the environment makes no configuration, or the configuration can't be used. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  /** All errors, one line each: the variable's name, a colon, what is wrong. */
  readonly errors: readonly string[]

  /** @param errors - at least one line, each without secrets */
  constructor(errors: readonly string[]) {
    super(errors.join('\n'))
    this.errors = errors
  }
}

/** The variable that says where each kind of store is. */
const STORE_VARIABLES = { sqlite: 'DATA_DIR', postgres: 'DATABASE_URL' } as const

/**
 * Turns the failure to open the users' store into an error that names the variable to change.
 *
 * @throws ConfigError for an OpenUserStoreError; any other error as it is
 */
export function explainUserStoreError(error: unknown): never {
  if (!(error instanceof OpenUserStoreError)) throw error
  throw new ConfigError([`${STORE_VARIABLES[error.kind]}: ${error.message}`])
}
