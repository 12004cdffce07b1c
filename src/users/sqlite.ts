import { access, mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { isBusy, SqliteConnection } from '../sqlite/connection.js'
import { type Database, MissingStoreError, migrate } from './database.js'

/** How long another process may keep the file to itself before a statement fails, in ms. */
const BUSY_DEADLINE_MS = 3_000

/** How long to let others run before the file is tried again, in ms: longer from try to try. */
const MIN_PAUSE_MS = 1
const MAX_PAUSE_MS = 10

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
 * Opens the SQLite file in a folder, both made where they are missing, and makes its tables.
 * Processes of one machine may share it; a network's file system would not do.
 *
 * @param file - its path
 * @param mustExist - whether to throw a MissingStoreError where the file is missing
 * @throws NewerSchemaError, or the error of whatever went wrong
 */
export async function openSqlite(file: string, mustExist: boolean): Promise<Database> {
  if (mustExist) await access(file).catch(explainMissing)
  else await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const line = new FileLine()
  await makeTables(file, line)
  let connection: SqliteConnection | undefined
  let isClosed = false
  const run = (sql: string, values: readonly (string | number)[], isWriting: boolean) =>
    line.access(() => {
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

function explainMissing(error: NodeJS.ErrnoException): never {
  throw error.code === 'ENOENT' ? new MissingStoreError() : error
}

async function makeTables(file: string, line: FileLine): Promise<void> {
  const connection = await line.access(() => {
    const opened = new SqliteConnection(file)
    try {
      opened.begin()
    } catch (error) {
      opened.close()
      throw error
    }
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
 * Whoever in this process needs the file, in order. While another process has it, the first of
 * them tries it again and again, and the others wait for the first: SQLite could wait by itself,
 * but nothing else would happen in this process meanwhile, and each try costs time.
 */
class FileLine {
  #waiting = 0
  #last: Promise<unknown> = Promise.resolve()

  /**
   * Does work that needs the file.
   *
   * @throws what the work throws; that the file is busy, only after three seconds
   */
  async access<T>(work: () => T): Promise<T> {
    const deadline = performance.now() + BUSY_DEADLINE_MS
    if (this.#waiting === 0) {
      try {
        return work()
      } catch (error) {
        if (!isBusy(error)) throw error
      }
    }
    this.#waiting += 1
    const turn = this.#last.then(() => untilFree(work, deadline))
    this.#last = turn.catch(() => {})
    try {
      return await turn
    } finally {
      this.#waiting -= 1
    }
  }
}

/** Does work, again and again while the file is busy. @param deadline - in ms */
async function untilFree<T>(work: () => T, deadline: number): Promise<T> {
  for (let pause = MIN_PAUSE_MS; ; pause = Math.min(2 * pause, MAX_PAUSE_MS)) {
    try {
      return work()
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error
      await wait(pause)
    }
  }
}
