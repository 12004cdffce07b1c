import Libsql from 'libsql'

/** How long SQLite itself waits for another process, which blocks this one, in ms. */
const BUSY_TIMEOUT_MS = 20

/** A value of a statement: SQLite's text, integer or real, blob, and null. */
export type SqliteValue = string | number | Uint8Array | null

/** One connection to an SQLite file. Everything in it is synchronous, and takes microseconds. */
export class SqliteConnection {
  readonly #libsql: Libsql.Database
  readonly #statements = new Map<string, Libsql.Statement>()
  readonly #isExclusive: boolean

  /**
   * Opens a file, which is made where it is missing; its folder is not.
   *
   * @param isExclusive - whether no other process may use the file meanwhile. The lock is the
   *   system's: it goes with this process, however that ends
   */
  constructor(file: string, isExclusive = false) {
    this.#isExclusive = isExclusive
    this.#libsql = new Libsql(file, { timeout: BUSY_TIMEOUT_MS })
    try {
      if (isExclusive) this.#libsql.exec('PRAGMA locking_mode = EXCLUSIVE')
      // Readers and a writer don't wait for each other. What was committed outlives the process;
      // only with the machine's power may the last instants of it be lost.
      this.#libsql.exec('PRAGMA journal_mode = WAL')
      this.#libsql.exec('PRAGMA synchronous = NORMAL')
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** Begins a transaction. Whatever follows in it finds the file free. */
  begin(): void {
    this.#libsql.exec('BEGIN IMMEDIATE')
  }

  /** Executes a statement, with values for `$1`, `$2` and so on. @returns its rows */
  execute(sql: string, values: readonly SqliteValue[]): unknown[] {
    let statement = this.#statements.get(sql)
    if (!statement) {
      statement = this.#libsql.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement.all([...values])
  }

  commit(): void {
    this.#libsql.exec('COMMIT')
  }

  /** Undoes a transaction, where one is open. */
  rollback(): void {
    if (this.#libsql.inTransaction) this.#libsql.exec('ROLLBACK')
  }

  /** Closes the connection; a transaction in it is undone. Further calls do nothing. */
  close(): void {
    // libsql ends the whole process where it is asked about a connection that is closed.
    if (!this.#libsql.open) return
    // libsql keeps the file open, and a transaction in it, while there are statements.
    this.#statements.clear()
    this.rollback()
    if (this.#isExclusive) this.#unlock()
    this.#libsql.close()
  }

  /**
   * Gives the file free, and leaves all of it in that one file. Without this it stays locked until
   * the garbage collector has come by: libsql knows no other end of a statement.
   */
  #unlock(): void {
    try {
      // SQLite changes the lock's kind in no other journal, and gives it up with the next statement.
      this.#libsql.exec('PRAGMA journal_mode = DELETE')
      this.#libsql.exec('PRAGMA locking_mode = NORMAL')
      this.#libsql.exec('SELECT count(*) FROM sqlite_schema')
    } catch {
      // Another process has it, or it is no database: there is nothing of ours to give free.
    }
  }
}

/** Whether an error only says that another process has the file. */
export function isBusy(error: unknown): boolean {
  return error instanceof Libsql.SqliteError && error.code.startsWith('SQLITE_BUSY')
}
