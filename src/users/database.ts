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
  /** The SQL of this instant, in the type of the columns that hold times. */
  readonly now: string
  close(): Promise<void>
}
