import { resolve } from 'node:path'
import { ConfigError, type UsersConfig } from '../config/config.js'
import { type Database, NewerSchemaError } from './database.js'
import { SqlUserStore } from './sql-user-store.js'
import type { UserStore } from './user-store.js'

/**
 * Opens the store that is configured, and makes or updates its tables. Only that store's driver
 * is loaded.
 *
 * @throws ConfigError which names the variable to change, and never shows a password
 */
export async function openUserStore(users: UsersConfig): Promise<UserStore> {
  try {
    return new SqlUserStore(await openDatabase(users))
  } catch (error) {
    throw new ConfigError([describe(users, error)])
  }
}

async function openDatabase(users: UsersConfig): Promise<Database> {
  if (users.kind === 'postgres') {
    const { openPostgres } = await import('./postgres.js')
    return openPostgres(users.url)
  }
  const { openSqlite } = await import('./sqlite.js')
  return openSqlite(users.folder)
}

function describe(users: UsersConfig, error: unknown): string {
  const [fault, advice] =
    users.kind === 'postgres'
      ? [
          `DATABASE_URL: the database at ${new URL(users.url).host} can't be used`,
          "check that it runs, and the URL's user, password and database",
        ]
      : [
          `DATA_DIR: the users in ${resolve(users.folder)} can't be used`,
          'it must be a folder of this machine that this program may write to',
        ]
  const isNewer = error instanceof NewerSchemaError
  return `${fault}: ${reasonOf(error)}; ${isNewer ? 'run the newer program' : advice}`
}

/** The error's own words. A host of several addresses fails with one error for each, in one. */
function reasonOf(error: unknown): string {
  const [first] = error instanceof AggregateError ? error.errors : [error]
  return first instanceof Error ? first.message : String(first)
}
