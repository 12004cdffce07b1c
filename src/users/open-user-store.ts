import { join, resolve } from 'node:path'
import { type Database, MissingStoreError, NewerSchemaError } from './database.js'
import { SqlUserStore } from './sql-user-store.js'
import type { UserStore } from './user-store.js'

/** Name of the SQLite file in its folder; SQLite puts two more beside it while it is in use. */
const SQLITE_FILE = 'users.sqlite'

/** Where the users are kept: in an SQLite file of a folder, or in a PostgreSQL database. */
export type UsersConfig =
  | { readonly kind: 'sqlite'; readonly folder: string }
  /** `url` may hold a password: it must not be shown. */
  | { readonly kind: 'postgres'; readonly url: string }

/**
 * Thrown where a store can't be opened: what failed and what to check. Never shows a password, so
 * it has no `cause`: the driver's own error may hold the URL.
 */
export class OpenUserStoreError extends Error {
  override readonly name = 'OpenUserStoreError'
  /** The kind of store that can't be opened. */
  readonly kind: UsersConfig['kind']

  /** @param reason - what opening it failed with; only its message is told */
  constructor(users: UsersConfig, reason: unknown) {
    super(describe(users, reason))
    this.kind = users.kind
  }
}

/** How a store is opened. */
export interface OpenUserStoreOptions {
  /** Whether a store that isn't there is an error, instead of being made. */
  readonly mustExist?: boolean
}

/**
 * Opens the store that is configured, and makes or updates its tables. Only that store's driver
 * is loaded.
 *
 * @throws OpenUserStoreError
 */
export async function openUserStore(
  users: UsersConfig,
  { mustExist = false }: OpenUserStoreOptions = {},
): Promise<UserStore> {
  try {
    return new SqlUserStore(await openDatabase(users, mustExist))
  } catch (error) {
    throw new OpenUserStoreError(users, error)
  }
}

/** Names a store without its password: the path of a file, or a database by host and name. */
export function nameStore(users: UsersConfig): string {
  if (users.kind === 'sqlite') return join(resolve(users.folder), SQLITE_FILE)
  const { host, pathname } = new URL(users.url)
  return `the database ${pathname.slice(1)} at ${host}`
}

async function openDatabase(users: UsersConfig, mustExist: boolean): Promise<Database> {
  if (users.kind === 'postgres') {
    const { openPostgres } = await import('./postgres.js')
    return openPostgres(users.url, mustExist)
  }
  const { openSqlite } = await import('./sqlite.js')
  return openSqlite(join(users.folder, SQLITE_FILE), mustExist)
}

function describe(users: UsersConfig, error: unknown): string {
  const [problem, advice] =
    users.kind === 'postgres'
      ? [
          `the database${placeOf(users.url)} can't be used`,
          "check that it runs, and the URL's user, password and database",
        ]
      : [
          `the users in ${resolve(users.folder)} can't be used`,
          'it must be a folder of this machine that this program may write to',
        ]
  return `${problem}: ${reasonOf(error)}; ${adviceOn(error) ?? advice}`
}

/** What to do about errors that are the same in every kind of store. */
function adviceOn(error: unknown): string | undefined {
  if (error instanceof NewerSchemaError) return 'run the newer program'
  if (error instanceof MissingStoreError) return 'set DATABASE_URL or DATA_DIR as the server has it'
  return undefined
}

/** The database's host; nothing where the URL is none. */
function placeOf(url: string): string {
  return URL.canParse(url) ? ` at ${new URL(url).host}` : ''
}

/** The error's own words. A host of several addresses fails with one error for each, in one. */
function reasonOf(error: unknown): string {
  const [first] = error instanceof AggregateError ? error.errors : [error]
  return first instanceof Error ? first.message : String(first)
}
