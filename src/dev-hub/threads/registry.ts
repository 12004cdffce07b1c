import { randomBytes } from 'node:crypto'
import { base32 } from 'multiformats/bases/base32'
import { Status } from '../../grpc/status.js'
import { decodeMultibase } from '../../keys/multibase.js'
import { CallError, type HubCall } from '../call.js'
import type { Caller } from '../login/authorization.js'
import type { Store } from '../store/store.js'
import { badApiKey, checkName, notOwned } from './errors.js'

/** How many threads a user may have: what hubd allows unless told otherwise. */
const MAX_THREADS = 100

const TABLES = [
  `CREATE TABLE threads_threads (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    api_key TEXT NOT NULL,
    name TEXT NOT NULL,
    database_name TEXT NOT NULL,
    key BLOB NOT NULL
  ) STRICT`,
]

/** A thread, and the database that it holds: whose it is and what it is called. */
export interface Thread {
  /** Its row in the store. */
  readonly row: number
  /** Its ID: multibase base32. */
  readonly id: string
  /** Public key of the user whose it is, or an account's name. */
  readonly owner: string
  /** The API key that it was made with. */
  readonly apiKey: string
  /** The thread's name, or empty. */
  readonly name: string
  /** The database's own name, or empty: the SDK sends the same for both. */
  readonly databaseName: string
  /** Its key: 64 bytes. Whoever has it could read the thread at a real Hub. */
  readonly key: Uint8Array
}

/** What is told of a thread that is to be made. */
export interface NewThread {
  /** Its ID: bytes, as the SDK made them. */
  readonly id: Uint8Array
  /** The thread's name, or empty. */
  readonly name: string
  /** The database's own name, or empty. */
  readonly databaseName: string
}

/** All threads of the Hub, by the rules on who may have and use them. */
export class ThreadRegistry {
  readonly #store: Store
  /** By ID, oldest first. */
  readonly #threads = new Map<string, Thread>()

  constructor(store: Store) {
    this.#store = store
    store.migrate('threads', TABLES)
    for (const row of store.execute('SELECT * FROM threads_threads ORDER BY row')) {
      this.#threads.set(String(row.id), {
        row: Number(row.row),
        id: String(row.id),
        owner: String(row.owner),
        apiKey: String(row.api_key),
        name: String(row.name),
        databaseName: String(row.database_name),
        key: row.key instanceof Uint8Array ? row.key : new Uint8Array(),
      })
    }
  }

  /** The threads of one owner, oldest first. */
  listOf(owner: string): Thread[] {
    return this.all().filter((thread) => thread.owner === owner)
  }

  /** Every thread, oldest first. */
  all(): Thread[] {
    return [...this.#threads.values()]
  }

  /** Finds a thread, whoever owns it. */
  find(id: Uint8Array): Thread | undefined {
    return this.#threads.get(formatThreadId(id))
  }

  /**
   * Finds a thread that only its owner may use, with the API key that it was made with.
   *
   * @throws CallError where there is none, it is another's, or the key another one
   */
  findOwned(id: Uint8Array, { owner, apiKey }: Caller): Thread {
    const thread = this.find(id)
    if (thread?.owner !== owner) throw notOwned()
    if (thread.apiKey !== apiKey.key) throw badApiKey()
    return thread
  }

  /**
   * Finds the thread that a call's metadata names: the SDK sends the last one that it used.
   *
   * @returns the thread, or `undefined` where the metadata names none
   * @throws CallError where it isn't there or another's
   */
  findNamed({ metadata }: HubCall, { owner }: Caller): Thread | undefined {
    const id = metadata.get('x-textile-thread')
    if (!id) return undefined
    const thread = this.#threads.get(id)
    if (thread?.owner !== owner) throw notOwned()
    return thread
  }

  /**
   * Adds a thread.
   *
   * @throws CallError where its ID or name is taken or no such thing, or its owner has too many
   */
  add(details: NewThread, { owner, apiKey }: Caller): Thread {
    this.#checkNew(details, owner)
    const { name, databaseName } = details
    const id = formatThreadId(details.id)
    const key = randomBytes(64)
    const [row] = this.#store.execute(
      `INSERT INTO threads_threads (id, owner, api_key, name, database_name, key)
       VALUES ($1, $2, $3, $4, $5, $6) RETURNING row`,
      [id, owner, apiKey.key, name, databaseName, key],
    )
    const rest = { owner, apiKey: apiKey.key, name, databaseName, key }
    const thread = { row: Number(row?.row), id, ...rest }
    this.#threads.set(id, thread)
    return thread
  }

  /** Removes a thread; what is in it is its domain's to remove. */
  remove({ row, id }: Thread): void {
    this.#store.execute('DELETE FROM threads_threads WHERE row = $1', [row])
    this.#threads.delete(id)
  }

  /** @throws CallError where a thread can't be made */
  #checkNew({ id, name, databaseName }: NewThread, owner: string): void {
    for (const each of [name, databaseName]) if (each !== '') checkName(each)
    if (id.length === 0) throw new CallError(Status.Unknown, 'a thread needs an ID')
    const taken = this.find(id)
    if (taken?.owner === owner) {
      throw new CallError(Status.Unknown, 'this user has a thread of this ID')
    }
    const theirs = this.listOf(owner)
    if (name !== '' && theirs.some((thread) => thread.name === name)) {
      throw new CallError(Status.Unknown, 'this user has a thread of this name')
    }
    if (theirs.length >= MAX_THREADS) {
      throw new CallError(Status.Unknown, `a user may have ${MAX_THREADS} threads`)
    }
    if (taken) throw new CallError(Status.Unknown, 'db already exists')
  }
}

/** Makes a thread's ID as the SDK does: version 1, the raw variant, 32 random bytes. */
export function createThreadId(): Uint8Array {
  return Buffer.concat([Uint8Array.of(1, 0x55), randomBytes(32)])
}

/** Writes a thread's ID as the SDK and `x-textile-thread` do: multibase base32. */
export function formatThreadId(id: Uint8Array): string {
  return base32.encode(id)
}

/** Reads what `formatThreadId` has written. */
export function parseThreadId(id: string): Uint8Array {
  return decodeMultibase(id) ?? new Uint8Array()
}
