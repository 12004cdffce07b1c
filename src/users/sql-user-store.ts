import { z } from 'zod'
import type { Database } from './database.js'
import { type Page, type User, type UserStore, UserStoreError } from './user-store.js'

/** PostgreSQL hands out a Date, SQLite milliseconds since 1970. */
const time = z.union([z.date(), z.int().transform((ms) => new Date(ms))])

/** PostgreSQL hands out its 64-bit integers as text. */
const count = z.union([z.int(), z.string().regex(/^\d+$/).transform(Number)])

const userRow = z.object({
  pubkey: z.string(),
  first_seen: time.nullable(),
  last_seen: time.nullable(),
  logins: count,
  blocked_at: time.nullable(),
  block_reason: z.string().nullable(),
})

/** The columns that {@link readUser} needs. */
const USER_COLUMNS = Object.keys(userRow.shape).join(', ')

/** The users in a database, with SQL that PostgreSQL and SQLite both speak. */
export class SqlUserStore implements UserStore {
  readonly #database: Database
  readonly #sql: ReturnType<typeof statements>

  constructor(database: Database) {
    this.#database = database
    this.#sql = statements(database.now)
  }

  async recordLogin(pubkey: string): Promise<User> {
    return this.#theUser(this.#sql.recordLogin, pubkey)
  }

  async find(pubkey: string): Promise<User | undefined> {
    const [user] = await this.#users(this.#sql.find, pubkey)
    return user
  }

  async list({ limit, after = '' }: Page): Promise<User[]> {
    return this.#users(this.#sql.list, after, limit)
  }

  async block(pubkey: string, reason: string): Promise<User> {
    return this.#theUser(this.#sql.block, pubkey, reason)
  }

  async unblock(pubkey: string): Promise<User | undefined> {
    const [user] = await this.#users(this.#sql.unblock, pubkey)
    return user
  }

  close(): Promise<void> {
    return this.#database.close()
  }

  async #theUser(sql: string, ...values: string[]): Promise<User> {
    const [user] = await this.#users(sql, ...values)
    if (!user) throw new UserStoreError(new Error('it returned no row'))
    return user
  }

  async #users(sql: string, ...values: (string | number)[]): Promise<User[]> {
    try {
      return (await this.#database.execute(sql, values)).map(readUser)
    } catch (error) {
      throw new UserStoreError(error)
    }
  }
}

/** Every statement, given the SQL of this instant. */
function statements(now: string) {
  return {
    // One statement looks for the block and counts, so that neither a login nor a block of another
    // process can come between. A blocked user's row is written as it was, to be returned.
    recordLogin: `
      INSERT INTO userauth_users AS u (pubkey, first_seen, last_seen, logins)
      VALUES ($1, ${now}, ${now}, 1)
      ON CONFLICT (pubkey) DO UPDATE SET
        first_seen = CASE WHEN u.blocked_at IS NULL
          THEN coalesce(u.first_seen, ${now}) ELSE u.first_seen END,
        last_seen = CASE WHEN u.blocked_at IS NULL THEN ${now} ELSE u.last_seen END,
        logins = CASE WHEN u.blocked_at IS NULL THEN u.logins + 1 ELSE u.logins END
      RETURNING ${USER_COLUMNS}`,
    find: `SELECT ${USER_COLUMNS} FROM userauth_users WHERE pubkey = $1`,
    list: `
      SELECT ${USER_COLUMNS} FROM userauth_users
      WHERE pubkey > $1 ORDER BY pubkey LIMIT $2`,
    block: `
      INSERT INTO userauth_users AS u (pubkey, logins, blocked_at, block_reason)
      VALUES ($1, 0, ${now}, $2)
      ON CONFLICT (pubkey) DO UPDATE SET
        blocked_at = coalesce(u.blocked_at, excluded.blocked_at),
        block_reason = excluded.block_reason
      RETURNING ${USER_COLUMNS}`,
    unblock: `
      UPDATE userauth_users SET blocked_at = NULL, block_reason = NULL
      WHERE pubkey = $1
      RETURNING ${USER_COLUMNS}`,
  }
}

/** Reads a user from a row of either database. @throws ZodError where the row is none of ours */
function readUser(row: unknown): User {
  const read = userRow.parse(row)
  return {
    pubkey: read.pubkey,
    firstSeen: read.first_seen ?? undefined,
    lastSeen: read.last_seen ?? undefined,
    logins: read.logins,
    block: read.blocked_at
      ? { reason: read.block_reason ?? '', since: read.blocked_at }
      : undefined,
  }
}
