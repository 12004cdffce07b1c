import pg from 'pg'
import { type Database, type Execute, MissingStoreError, migrate } from './database.js'

/** Connections at the most: a login needs one for about a millisecond. */
const MAX_CONNECTIONS = 10

/** How long a connection may take, be it to open one or to wait for a free one, in ms. */
const CONNECT_TIMEOUT_MS = 3_000

/** How long PostgreSQL may work on a statement, waits for locks included, in ms. */
const STATEMENT_TIMEOUT_MS = 3_000

/** How long its answer may take, in ms: longer, so that PostgreSQL itself is the first to give up. */
const ANSWER_TIMEOUT_MS = 4_000

/** Number of the lock that migrations hold. Any will do that no other program has chosen. */
const MIGRATION_LOCK = 7_214_098_311

// Ordered by bytes, as SQLite does, whatever the language of the database.
const MIGRATIONS = [
  `CREATE TABLE userauth_users (
    pubkey TEXT COLLATE "C" PRIMARY KEY,
    first_seen TIMESTAMPTZ,
    last_seen TIMESTAMPTZ,
    logins BIGINT NOT NULL,
    blocked_at TIMESTAMPTZ,
    block_reason TEXT,
    CHECK ((blocked_at IS NULL) = (block_reason IS NULL))
  )`,
  `ALTER TABLE userauth_users
    ADD COLUMN renewals BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN session BIGINT NOT NULL DEFAULT 0`,
]

/**
 * Connects to a PostgreSQL database and makes its tables. Connections that break are replaced, so
 * the database may stop and come back.
 *
 * @param url - `postgres:` or `postgresql:`
 * @param mustExist - whether to throw a MissingStoreError where there are no tables
 * @throws NewerSchemaError, or the error of whatever went wrong; neither shows the password
 */
export async function openPostgres(url: string, mustExist: boolean): Promise<Database> {
  const pool = new pg.Pool({
    connectionString: url,
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
    keepAlive: true,
    fallback_application_name: 'textile-userauth',
  })
  // An idle connection has broken, and the pool has dropped it. Unheard, this would end the process.
  pool.on('error', () => {})
  try {
    await makeTables(pool, mustExist)
  } catch (error) {
    await pool.end()
    throw error
  }
  return {
    execute: executeIn(pool),
    read: executeIn(pool),
    // Not now(), which is when the transaction began: it may have waited for another's since.
    now: 'clock_timestamp()',
    aMinuteAgo: "clock_timestamp() - INTERVAL '1 minute'",
    close: () => pool.end(),
  }
}

async function makeTables(pool: pg.Pool, mustExist: boolean): Promise<void> {
  const client = await pool.connect()
  client.on('error', () => {}) // The statement under way rejects as well.
  try {
    const execute = executeIn(client)
    await execute('BEGIN')
    await execute('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK])
    if (mustExist && !(await hasTables(execute))) throw new MissingStoreError()
    await migrate(execute, MIGRATIONS)
    await execute('COMMIT')
  } finally {
    client.release(true) // Closing the connection is what undoes a migration that failed.
  }
}

async function hasTables(execute: Execute): Promise<boolean> {
  const found = await execute("SELECT 1 WHERE to_regclass('userauth_users') IS NOT NULL")
  return found.length > 0
}

function executeIn(connection: pg.Pool | pg.PoolClient): Execute {
  return async (sql, values = []) => (await connection.query<object>(sql, [...values])).rows
}
