import { randomBytes } from 'node:crypto'
import { base32 } from 'multiformats/bases/base32'
import { Status } from '../../grpc/status.js'
import { decodeMultibase } from '../../keys/multibase.js'
import { CallError, type HubCall } from '../call.js'
import type { Caller } from '../login/authorization.js'
import type { Store } from '../store/store.js'
import type { CollectionConfig } from './collection.js'
import { Database } from './database.js'
import { badApiKey, checkName, notOwned, threadNotFound } from './errors.js'
import { InstanceSets } from './instance-set.js'

/** How many threads a user may have: what hubd allows unless told otherwise. */
const MAX_THREADS = 100

const TABLES = [
  `CREATE TABLE threads_databases (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    api_key TEXT NOT NULL,
    thread_name TEXT NOT NULL,
    name TEXT NOT NULL,
    key BLOB NOT NULL
  ) STRICT`,
  `CREATE TABLE threads_collections (
    database INTEGER NOT NULL,
    name TEXT NOT NULL,
    schema TEXT NOT NULL,
    indexes TEXT NOT NULL,
    write_validator TEXT NOT NULL,
    read_filter TEXT NOT NULL,
    PRIMARY KEY (database, name)
  ) STRICT`,
  `CREATE TABLE threads_instances (
    database INTEGER NOT NULL,
    collection TEXT NOT NULL,
    id TEXT NOT NULL,
    mod TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (database, collection, id)
  ) STRICT, WITHOUT ROWID`,
]

/** What is told of a database that is to be made. */
export interface NewDatabase {
  /** The thread's ID: its bytes, as the SDK made them. */
  readonly id: Uint8Array
  /** The thread's name, or empty. */
  readonly threadName: string
  /** The database's own name, or empty. */
  readonly name: string
}

/** All databases of the Hub, by the rules on who may have and use them. */
export class Databases {
  readonly #store: Store
  readonly #sets: InstanceSets
  /** By ID, oldest first. */
  readonly #databases = new Map<string, Database>()

  constructor(store: Store) {
    this.#store = store
    this.#sets = new InstanceSets(store)
    store.migrate('threads', TABLES)
    for (const row of store.execute('SELECT * FROM threads_databases ORDER BY row')) {
      const record = {
        row: Number(row.row),
        id: String(row.id),
        owner: String(row.owner),
        apiKey: String(row.api_key),
        threadName: String(row.thread_name),
        name: String(row.name),
        key: row.key instanceof Uint8Array ? row.key : new Uint8Array(),
      }
      this.#databases.set(record.id, new Database(record, store, this.#sets))
    }
  }

  /** The databases of one owner, oldest first. */
  listOf(owner: string): Database[] {
    return [...this.#databases.values()].filter(({ record }) => record.owner === owner)
  }

  /** Every database, oldest first. */
  all(): Database[] {
    return [...this.#databases.values()]
  }

  /**
   * Makes a database.
   *
   * @param collections - each as `checkConfig` returns it
   * @throws CallError where its ID or name is taken or no such thing, its owner has too many, or
   *   a collection comes twice
   */
  create(
    details: NewDatabase,
    caller: Caller,
    collections: readonly CollectionConfig[] = [],
  ): Database {
    this.#checkNew(details, caller)
    const { threadName, name } = details
    const id = formatThreadId(details.id)
    const owned = { owner: caller.owner, apiKey: caller.apiKey.key }
    const key = randomBytes(64)
    return this.#store.transaction(() => {
      const [row] = this.#store.execute(
        `INSERT INTO threads_databases (id, owner, api_key, thread_name, name, key)
         VALUES ($1, $2, $3, $4, $5, $6) RETURNING row`,
        [id, owned.owner, owned.apiKey, threadName, name, key],
      )
      const record = { row: Number(row?.row), id, ...owned, threadName, name, key }
      const database = new Database(record, this.#store, this.#sets)
      for (const config of collections) database.addCollection(config)
      this.#databases.set(id, database)
      return database
    })
  }

  /** @throws CallError where a database can't be made */
  #checkNew({ id, threadName, name }: NewDatabase, { owner }: Caller): void {
    for (const each of [threadName, name]) if (each !== '') checkName(each)
    if (id.length === 0) throw new CallError(Status.Unknown, 'a thread needs an ID')
    const theirs = this.listOf(owner)
    const text = formatThreadId(id)
    if (theirs.some(({ record }) => record.id === text)) {
      throw new CallError(Status.Unknown, 'this user has a thread of this ID')
    }
    if (threadName !== '' && theirs.some(({ record }) => record.threadName === threadName)) {
      throw new CallError(Status.Unknown, 'this user has a thread of this name')
    }
    if (theirs.length >= MAX_THREADS) {
      throw new CallError(Status.Unknown, `a user may have ${MAX_THREADS} threads`)
    }
    if (this.#databases.has(text)) throw new CallError(Status.Unknown, 'db already exists')
  }

  /** Deletes a database with all that is in it. */
  delete({ record }: Database): void {
    this.#store.transaction(() => {
      for (const [table, column] of [
        ['threads_instances', 'database'],
        ['threads_collections', 'database'],
        ['threads_databases', 'row'],
      ]) {
        this.#store.execute(`DELETE FROM ${table} WHERE ${column} = $1`, [record.row])
      }
    })
    this.#databases.delete(record.id)
    this.#sets.forget(record.row)
  }

  /**
   * Finds a database that anybody may use who knows its ID.
   *
   * @throws CallError where there is none
   */
  find(id: Uint8Array): Database {
    const database = this.#databases.get(formatThreadId(id))
    if (!database) throw threadNotFound()
    return database
  }

  /**
   * Finds a database that only its owner may use, with the API key that it was made with.
   *
   * @throws CallError where there is none, it is another's, or the key another one
   */
  findOwned(id: Uint8Array, { owner, apiKey }: Caller): Database {
    const database = this.#databases.get(formatThreadId(id))
    if (database?.record.owner !== owner) throw notOwned()
    if (database.record.apiKey !== apiKey.key) throw badApiKey()
    return database
  }

  /**
   * Finds the database that a call's metadata names: the SDK sends the last one that it used.
   *
   * @returns the database, or `undefined` where the metadata names none
   * @throws CallError where it isn't there or another's
   */
  findNamed({ metadata }: HubCall, { owner }: Caller): Database | undefined {
    const id = metadata.get('x-textile-thread')
    if (!id) return undefined
    const database = this.#databases.get(id)
    if (database?.record.owner !== owner) throw notOwned()
    return database
  }
}

/** Writes a thread's ID as the SDK and `x-textile-thread` do: multibase base32. */
export function formatThreadId(id: Uint8Array): string {
  return base32.encode(id)
}

/** Reads what `formatThreadId` has written. */
export function parseThreadId(id: string): Uint8Array {
  return decodeMultibase(id) ?? new Uint8Array()
}
