import type { HubCall } from '../call.js'
import type { Caller } from '../login/authorization.js'
import type { Store } from '../store/store.js'
import type { CollectionConfig } from './collection.js'
import { Database } from './database.js'
import { threadNotFound } from './errors.js'
import { InstanceSets } from './instance-set.js'
import type { NewThread, Thread, ThreadRegistry } from './registry.js'

const TABLES = [
  `CREATE TABLE databases_collections (
    thread INTEGER NOT NULL,
    name TEXT NOT NULL,
    schema TEXT NOT NULL,
    indexes TEXT NOT NULL,
    write_validator TEXT NOT NULL,
    read_filter TEXT NOT NULL,
    PRIMARY KEY (thread, name)
  ) STRICT`,
  `CREATE TABLE databases_instances (
    thread INTEGER NOT NULL,
    collection TEXT NOT NULL,
    id TEXT NOT NULL,
    mod TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (thread, collection, id)
  ) STRICT, WITHOUT ROWID`,
]

/** What is in the threads: a database each. */
export class Databases {
  readonly registry: ThreadRegistry
  readonly #store: Store
  readonly #sets: InstanceSets
  /** Those that were used, by their thread's row. */
  readonly #databases = new Map<number, Database>()

  constructor(store: Store, registry: ThreadRegistry) {
    this.registry = registry
    this.#store = store
    this.#sets = new InstanceSets(store)
    store.migrate('databases', TABLES)
  }

  /**
   * Makes a thread with its database.
   *
   * @param collections - each as `checkConfig` returns it
   * @throws CallError where the thread can't be made, or a collection comes twice
   */
  create(
    details: NewThread,
    caller: Caller,
    collections: readonly CollectionConfig[] = [],
  ): Database {
    const thread = this.registry.add(details, caller)
    const database = this.open(thread)
    try {
      database.write(() => {
        for (const config of collections) database.addCollection(config)
      })
    } catch (error) {
      this.delete(database)
      throw error
    }
    return database
  }

  /** Deletes a database and its thread. */
  delete({ thread }: Database): void {
    this.#store.transaction(() => {
      for (const table of ['databases_instances', 'databases_collections']) {
        this.#store.execute(`DELETE FROM ${table} WHERE thread = $1`, [thread.row])
      }
      this.registry.remove(thread)
    })
    this.#databases.delete(thread.row)
    this.#sets.forget(thread.row)
  }

  /** The database of a thread. */
  open(thread: Thread): Database {
    const database =
      this.#databases.get(thread.row) ?? new Database(thread, this.#store, this.#sets)
    this.#databases.set(thread.row, database)
    return database
  }

  /**
   * Finds a database that anybody may use who knows its ID.
   *
   * @throws CallError where there is none
   */
  find(id: Uint8Array): Database {
    const thread = this.registry.find(id)
    if (!thread) throw threadNotFound()
    return this.open(thread)
  }

  /**
   * Finds a database that only its owner may use, with the API key that it was made with.
   *
   * @throws CallError where there is none, it is another's, or the key another one; likewise where
   *   the call's metadata names a thread that isn't the caller's
   */
  findOwned(call: HubCall, id: Uint8Array, caller: Caller): Database {
    this.registry.findNamed(call, caller)
    return this.open(this.registry.findOwned(id, caller))
  }
}
