import { z } from 'zod'
import { Status } from '../../grpc/status.js'
import { CallError } from '../call.js'
import type { Store } from '../store/store.js'
import { Collection, type CollectionConfig, checkUnique } from './collection.js'
import { collectionNotFound } from './errors.js'
import type { InstanceSet, InstanceSets } from './instance-set.js'
import { Listeners } from './listeners.js'
import { Lock } from './lock.js'
import type { Thread } from './registry.js'

const indexesSchema = z.array(z.object({ path: z.string(), unique: z.boolean() }))

/** A database in use: its collections, its lock, and those who listen to it. */
export class Database {
  readonly thread: Thread
  readonly lock = new Lock()
  readonly listeners = new Listeners()
  readonly #store: Store
  readonly #sets: InstanceSets
  #collections: Map<string, Collection> | undefined

  constructor(thread: Thread, store: Store, sets: InstanceSets) {
    this.thread = thread
    this.#store = store
    this.#sets = sets
  }

  /** Its collections. One without a name is not listed, as at hubd. */
  listCollections(): Collection[] {
    return [...this.#load().values()].filter(({ config }) => config.name !== '')
  }

  /**
   * Finds a collection.
   *
   * @throws CallError where there is none of that name, with that code
   */
  collection(name: string, missing: number = Status.NotFound): Collection {
    const collection = this.#load().get(name)
    if (!collection) throw collectionNotFound(missing)
    return collection
  }

  /**
   * Adds a collection.
   *
   * @param config - as `checkConfig` returns it
   * @throws CallError where there is one of that name
   */
  addCollection(config: CollectionConfig): void {
    if (this.#load().has(config.name)) {
      throw new CallError(Status.Unknown, 'collection already registered')
    }
    // Instances of an earlier collection with this name are still there.
    this.#write(config)
  }

  /**
   * Gives a collection another schema, other indexes and functions.
   *
   * @param config - as `checkConfig` returns it
   * @throws CallError where there is no such collection, or its instances break a unique index
   */
  updateCollection(config: CollectionConfig): void {
    this.collection(config.name, Status.Unknown)
    this.#write(config)
  }

  /**
   * Deletes a collection; its instances stay, as at hubd.
   *
   * @throws CallError where there is no such collection
   */
  deleteCollection(name: string): void {
    this.collection(name, Status.Unknown)
    this.#store.execute('DELETE FROM databases_collections WHERE thread = $1 AND name = $2', [
      this.thread.row,
      name,
    ])
    this.#load().delete(name)
  }

  /** The instances of a collection, which need not exist. */
  instances(collection: string): InstanceSet {
    return this.#sets.get({ thread: this.thread.row, collection })
  }

  /**
   * Does all of some writes of instances or none.
   *
   * @param work - synchronous
   */
  write<Result>(work: () => Result): Result {
    try {
      return this.#store.transaction(work)
    } catch (error) {
      // Memory may be ahead of the store, which is right.
      this.#sets.forget(this.thread.row)
      throw error
    }
  }

  #write(config: CollectionConfig): void {
    const collection = new Collection(config)
    checkUnique(collection.uniquePaths, this.instances(config.name))
    const { name, schema, indexes, writeValidator, readFilter } = config
    this.#store.execute(
      `INSERT INTO databases_collections (thread, name, schema, indexes, write_validator, read_filter)
       VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (thread, name) DO UPDATE SET schema = excluded.schema,
         indexes = excluded.indexes, write_validator = excluded.write_validator,
         read_filter = excluded.read_filter`,
      [this.thread.row, name, schema, JSON.stringify(indexes), writeValidator, readFilter],
    )
    this.#load().set(name, collection)
  }

  #load(): Map<string, Collection> {
    this.#collections ??= new Map(
      this.#store
        .execute('SELECT * FROM databases_collections WHERE thread = $1 ORDER BY rowid', [
          this.thread.row,
        ])
        .map((row) => {
          const config = {
            name: String(row.name),
            schema: String(row.schema),
            indexes: indexesSchema.parse(JSON.parse(String(row.indexes))),
            writeValidator: String(row.write_validator),
            readFilter: String(row.read_filter),
          }
          return [config.name, new Collection(config)]
        }),
    )
    return this.#collections
  }
}
