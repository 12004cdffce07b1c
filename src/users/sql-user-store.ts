import { z } from 'zod'
import type { Database } from './database.js'
import {
  type Page,
  type RenewingUser,
  type User,
  type UserStore,
  UserStoreError,
} from './user-store.js'

/** PostgreSQL hands out a Date, SQLite milliseconds since 1970. */
const time = z.union([z.date(), z.int().transform((ms) => new Date(ms))])

/** PostgreSQL hands out its 64-bit integers as text. */
const count = z.union([z.int(), z.string().regex(/^\d+$/).transform(Number)])

const userRow = z.object({
  pubkey: z.string(),
  first_seen: time.nullable(),
  last_seen: time.nullable(),
  logins: count,
  renewals: count,
  session: count,
  blocked_at: time.nullable(),
  block_reason: z.string().nullable(),
})

/** SQLite has no truth values, and says 1 and 0. */
const truth = z.union([z.boolean(), z.int().transform(Boolean)])

/** What decides on a renewal, and whether it is to be recorded: not of a user who was never seen. */
const renewingRow = z.object({ session: count, is_blocked: truth, is_due: truth.nullable() })

/** The columns that {@link readUser} needs. */
const USER_COLUMNS = Object.keys(userRow.shape).join(', ')

/** The users in a database, with SQL that PostgreSQL and SQLite both speak. */
export class SqlUserStore implements UserStore {
  readonly #database: Database
  readonly #sql: ReturnType<typeof statements>

  constructor(database: Database) {
    this.#database = database
    this.#sql = statements(database)
  }

  async recordLogin(pubkey: string): Promise<User> {
    return this.#theUser(this.#sql.recordLogin, pubkey)
  }

  async recordRenewal(pubkey: string, session: number): Promise<RenewingUser | undefined> {
    const [found] = await this.#read(parseRenewing, this.#sql.findRenewing, pubkey)
    if (!found) return undefined
    const { isDue, ...user } = found
    if (isDue && !user.isBlocked && user.session === session) {
      // What was found has decided. This is for those who look at it later.
      await this.#users(this.#sql.recordRenewal, pubkey, session)
    }
    return user
  }

  async find(pubkey: string): Promise<User | undefined> {
    const [user] = await this.#read(readUser, this.#sql.find, pubkey)
    return user
  }

  async list({ limit, after = '' }: Page): Promise<User[]> {
    return this.#read(readUser, this.#sql.list, after, limit)
  }

  async block(pubkey: string, reason: string): Promise<User> {
    return this.#theUser(this.#sql.block, pubkey, reason)
  }

  async unblock(pubkey: string): Promise<User | undefined> {
    const [user] = await this.#users(this.#sql.unblock, pubkey)
    return user
  }

  async signOut(pubkey: string): Promise<User> {
    return this.#theUser(this.#sql.signOut, pubkey)
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

  /** Reads rows, each by a function. */
  async #read<T>(
    parse: (row: unknown) => T,
    sql: string,
    ...values: (string | number)[]
  ): Promise<T[]> {
    try {
      return (await this.#database.read(sql, values)).map(parse)
    } catch (error) {
      throw new UserStoreError(error)
    }
  }
}

/** Every statement, given the SQL of two instants. */
function statements({ now, aMinuteAgo }: Pick<Database, 'now' | 'aMinuteAgo'>) {
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
    findRenewing: `
      SELECT session, blocked_at IS NOT NULL AS is_blocked, last_seen <= ${aMinuteAgo} AS is_due
      FROM userauth_users WHERE pubkey = $1`,
    // Of several renewals that were found due at once, one is recorded.
    recordRenewal: `
      UPDATE userauth_users SET last_seen = ${now}, renewals = renewals + 1
      WHERE pubkey = $1 AND session = $2 AND blocked_at IS NULL AND last_seen <= ${aMinuteAgo}
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
    signOut: `
      INSERT INTO userauth_users AS u (pubkey, logins, session)
      VALUES ($1, 0, 1)
      ON CONFLICT (pubkey) DO UPDATE SET session = u.session + 1
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
    renewals: read.renewals,
    session: read.session,
    block: read.blocked_at
      ? { reason: read.block_reason ?? '', since: read.blocked_at }
      : undefined,
  }
}

/** Reads what decides on a renewal. @throws ZodError where the row is none of ours */
function parseRenewing(row: unknown): RenewingUser & { readonly isDue: boolean } {
  const { session, is_blocked: isBlocked, is_due: isDue } = renewingRow.parse(row)
  return { session, isBlocked, isDue: isDue === true }
}
