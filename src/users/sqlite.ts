import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { isBusy, SqliteConnection } from '../sqlite/connection.js'
import { type Database, migrate } from './database.js'

/** Name of the file in its folder; SQLite puts two more beside it while it is in use. */
const FILE = 'users.sqlite'

/** How long another process may keep the file to itself before a statement fails, in ms. */
const BUSY_DEADLINE_MS = 3_000

/** How long to let others run before the file is tried again, in ms. */
const PAUSE_MS = 10

const MIGRATIONS = [
  `CREATE TABLE userauth_users (
    pubkey TEXT PRIMARY KEY,
    first_seen INTEGER,
    last_seen INTEGER,
    logins INTEGER NOT NULL,
    blocked_at INTEGER,
    block_reason TEXT,
    CHECK ((blocked_at IS NULL) = (block_reason IS NULL))
  ) STRICT`,
  'ALTER TABLE userauth_users ADD COLUMN renewals INTEGER NOT NULL DEFAULT 0',
  'ALTER TABLE userauth_users ADD COLUMN session INTEGER NOT NULL DEFAULT 0',
]

/**
 * Opens the SQLite file in a folder, which is made where it is missing, and makes its tables.
 * Processes of one machine may share it; a network's file system would not do.
 *
 * @throws NewerSchemaError, or the error of whatever went wrong
 */
export async function openSqlite(folder: string): Promise<Database> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, FILE)
  await makeTables(file)
  let connection: SqliteConnection | undefined
  let isClosed = false
  const run = (sql: string, values: readonly (string | number)[], isWriting: boolean) =>
    unlessBusy(() => {
      if (isClosed) throw new Error('it is closed')
      connection ??= new SqliteConnection(file)
      if (isWriting) connection.begin()
      try {
        const rows = connection.execute(sql, values)
        if (isWriting) connection.commit()
        return rows
      } catch (error) {
        // libsql leaves a statement that failed unfinished, and from then on the connection
        // commits nothing, without a word. Another one takes its place.
        connection.close()
        connection = undefined
        throw error
      }
    })
  return {
    execute: (sql, values = []) => run(sql, values, true),
    read: (sql, values = []) => run(sql, values, false),
    now: "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
    aMinuteAgo: "CAST(unixepoch('subsec') * 1000 - 60000 AS INTEGER)",
    close: async () => {
      isClosed = true
      connection?.close()
    },
  }
}

async function makeTables(file: string): Promise<void> {
  const connection = await unlessBusy(() => {
    const opened = new SqliteConnection(file)
    opened.begin()
    return opened
  })
  try {
    await migrate(async (sql, values = []) => connection.execute(sql, values), MIGRATIONS)
    connection.commit()
  } finally {
    connection.close()
  }
}

/**
 * Does what needs the file, again and again while another process has it. SQLite could wait by
 * itself, but nothing else would happen in this process meanwhile.
 */
async function unlessBusy<T>(work: () => T): Promise<T> {
  const deadline = performance.now() + BUSY_DEADLINE_MS
  for (;;) {
    try {
      return work()
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error
      await wait(PAUSE_MS)
    }
  }
}
