import { SqliteConnection, type SqliteValue } from '../../sqlite/connection.js'

/** A row, by the names of its columns. Blobs are `Uint8Array`. */
export type Row = Readonly<Record<string, unknown>>

/**
 * Everything that the Hub remembers: one SQLite file, which no other process may use meanwhile, or
 * memory. What was written when a method replies outlives the process.
 *
 * All of it is synchronous and takes microseconds. A statement must not fail: look before you
 * write (`INSERT OR IGNORE … RETURNING`), since libsql leaves a failed one unfinished.
 */
export class Store {
  readonly #connection: SqliteConnection
  #isInTransaction = false

  /**
   * @param file - path of the SQLite file, made where it is missing; unless given, memory
   * @throws SqliteError where the file can't be opened or another process has it
   */
  constructor(file = ':memory:') {
    this.#connection = new SqliteConnection(file, true)
    this.execute(
      'CREATE TABLE IF NOT EXISTS dev_hub_schema (domain TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT',
    )
  }

  /**
   * Brings a domain's tables up to date: each of its steps is executed once in the file's life.
   *
   * @param domain - name of the domain; its tables start with it
   * @param steps - SQL, one statement each; only ever appended to
   */
  migrate(domain: string, steps: readonly string[]): void {
    this.transaction(() => {
      const [row] = this.execute('SELECT version FROM dev_hub_schema WHERE domain = $1', [domain])
      const done = Number(row?.version ?? 0)
      if (done > steps.length) throw new NewerStoreError(domain)
      for (const step of steps.slice(done)) this.execute(step)
      this.execute('INSERT OR REPLACE INTO dev_hub_schema (domain, version) VALUES ($1, $2)', [
        domain,
        steps.length,
      ])
    })
  }

  /**
   * Executes a statement, with values for `$1`, `$2` and so on.
   *
   * @returns its rows
   */
  execute(sql: string, values: readonly SqliteValue[] = []): Row[] {
    return this.#connection.execute(sql, values).map(readRow)
  }

  /**
   * Does all of some work or nothing of it. Within a transaction, the work joins it.
   *
   * @param work - synchronous; its result is returned, its error undoes what it wrote
   */
  transaction<Result>(work: () => Result): Result {
    if (this.#isInTransaction) return work()
    this.#connection.begin()
    this.#isInTransaction = true
    try {
      const result = work()
      this.#connection.commit()
      return result
    } catch (error) {
      this.#connection.rollback()
      throw error
    } finally {
      this.#isInTransaction = false
    }
  }

  /** Closes the file, and gives it free for others. Further calls do nothing. */
  close(): void {
    this.#connection.close()
  }
}

/** Thrown where a newer version of this program has written the store. */
export class NewerStoreError extends Error {
  override readonly name = 'NewerStoreError'

  constructor(domain: string) {
    super(`a newer version of this program has written it (${domain})`)
  }
}

function readRow(row: unknown): Row {
  if (typeof row !== 'object' || row === null) return {}
  const entries = Object.entries(row).map(([name, value]: [string, unknown]) => [
    name,
    value instanceof ArrayBuffer ? new Uint8Array(value) : value,
  ])
  return Object.fromEntries(entries)
}
