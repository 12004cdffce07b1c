import { z } from 'zod'

/**
 * Executes one SQL statement.
 *
 * @param sql - with `$1`, `$2` and so on, first used in this order, in place of values
 * @returns the rows, each an object by column
 */
export type Execute = (sql: string, values?: readonly (string | number)[]) => Promise<unknown[]>

/** A database with its tables made, as `SqlUserStore` needs it. */
export interface Database {
  /** Executes a statement as a transaction of its own: committed once the promise fulfils. */
  readonly execute: Execute
  /** Executes a statement that only reads what was committed. It waits for no other statement. */
  readonly read: Execute
  /** The SQL of this instant, in the type of the columns that hold times. */
  readonly now: string
  /** The SQL of the instant one minute before this one, in the same type. */
  readonly aMinuteAgo: string
  close(): Promise<void>
}

const versionRow = z.object({ version: z.int() })

/** The tables were made by a newer program than this one. */
export class NewerSchemaError extends Error {
  override readonly name = 'NewerSchemaError'

  constructor(found: number, known: number) {
    super(`its tables are of version ${found}, and this program knows versions up to ${known} only`)
  }
}

/** There is no store, and none is to be made. */
export class MissingStoreError extends Error {
  override readonly name = 'MissingStoreError'

  constructor() {
    super('no server has kept users there')
  }
}

/**
 * Brings the tables to the newest version. Must run in a transaction that keeps out every other
 * migration: several instances may start at once.
 *
 * @param migrations - one statement each; the first makes version 1. What was once released must
 *   never change: what comes later is appended.
 * @throws NewerSchemaError
 */
export async function migrate(execute: Execute, migrations: readonly string[]): Promise<void> {
  await execute('CREATE TABLE IF NOT EXISTS userauth_schema (version INTEGER PRIMARY KEY)')
  const [row] = await execute('SELECT coalesce(max(version), 0) AS version FROM userauth_schema')
  const { version } = versionRow.parse(row)
  if (version > migrations.length) throw new NewerSchemaError(version, migrations.length)
  for (const [index, sql] of [...migrations.entries()].slice(version)) {
    await execute(sql)
    await execute('INSERT INTO userauth_schema (version) VALUES ($1)', [index + 1])
  }
}
