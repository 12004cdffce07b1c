import type { Store } from '../store/store.js'
import { fieldOf, type Instance } from './instance.js'
import { compareText, isJsonObject } from './json.js'

/** Where the instances of one collection are filed. */
export interface Place {
  /** Row of the thread. */
  readonly thread: number
  readonly collection: string
}

/**
 * The instances of one collection: in the store, and parsed in memory. What is written here is
 * written to the store at once; a caller makes it a transaction.
 */
export class InstanceSet {
  readonly #store: Store
  readonly #place: Place
  readonly #instances = new Map<string, Instance>()
  /** The instances in the order of their IDs' bytes, while that is known. */
  #sorted: readonly Instance[] | undefined
  /** By path of a field, the IDs by that field's value, as JSON. */
  readonly #idsByField = new Map<string, Map<string, string>>()
  /** How many characters of JSON the instances had when they were read or written. */
  size = 0

  /** Reads the instances of a collection from the store. */
  constructor(store: Store, place: Place) {
    this.#store = store
    this.#place = place
    const rows = store.execute(
      'SELECT id, mod, body FROM databases_instances WHERE thread = $1 AND collection = $2 ORDER BY id',
      [place.thread, place.collection],
    )
    for (const { id, mod, body } of rows) {
      const value: unknown = JSON.parse(String(body))
      if (!isJsonObject(value)) throw new TypeError(`instance ${id} of the store is no object`)
      this.#instances.set(String(id), { id: String(id), mod: String(mod), value })
      this.size += String(body).length
    }
    this.#sorted = [...this.#instances.values()]
  }

  get(id: string): Instance | undefined {
    return this.#instances.get(id)
  }

  /** All instances, in the order of their IDs' bytes. */
  sorted(): readonly Instance[] {
    this.#sorted ??= [...this.#instances.values()].sort((a, b) => compareText(a.id, b.id))
    return this.#sorted
  }

  /** The IDs of instances that have a field, by the field's value as JSON. */
  idsBy(path: string): ReadonlyMap<string, string> {
    let ids = this.#idsByField.get(path)
    if (!ids) {
      ids = new Map()
      for (const instance of this.#instances.values()) {
        const value = fieldAsJson(instance, path)
        if (value !== undefined) ids.set(value, instance.id)
      }
      this.#idsByField.set(path, ids)
    }
    return ids
  }

  /** Writes an instance, in place of the one with its ID. */
  put(instance: Instance): void {
    const { thread, collection } = this.#place
    const body = JSON.stringify(instance.value)
    this.#store.execute(
      'INSERT OR REPLACE INTO databases_instances (thread, collection, id, mod, body) VALUES ($1, $2, $3, $4, $5)',
      [thread, collection, instance.id, instance.mod, body],
    )
    this.#forgetFields(instance.id)
    this.#instances.set(instance.id, instance)
    this.size += body.length
    for (const [path, ids] of this.#idsByField) {
      const value = fieldAsJson(instance, path)
      if (value !== undefined) ids.set(value, instance.id)
    }
    this.#sorted = undefined
  }

  /** Deletes an instance, where it is. */
  delete(id: string): void {
    const { thread, collection } = this.#place
    this.#store.execute(
      'DELETE FROM databases_instances WHERE thread = $1 AND collection = $2 AND id = $3',
      [thread, collection, id],
    )
    this.#forgetFields(id)
    this.#instances.delete(id)
    this.#sorted = undefined
  }

  #forgetFields(id: string): void {
    const instance = this.#instances.get(id)
    if (!instance) return
    for (const [path, ids] of this.#idsByField) {
      const value = fieldAsJson(instance, path)
      if (value !== undefined && ids.get(value) === id) ids.delete(value)
    }
  }
}

/** What an index files an instance under; `undefined` where it lacks the field. */
export function fieldAsJson(instance: Instance, path: string): string | undefined {
  return JSON.stringify(fieldOf(instance, path))
}

/** How many characters of instances' JSON are kept in memory, parsed. */
const MAX_SIZE = 32 * 1024 * 1024

/** The collections whose instances are in memory: those used last, as far as they fit. */
export class InstanceSets {
  readonly #store: Store
  /** Those used last stand last. */
  readonly #sets: { readonly place: Place; readonly instances: InstanceSet }[] = []

  constructor(store: Store) {
    this.#store = store
  }

  /** The instances of a collection, from memory or from the store. */
  get(place: Place): InstanceSet {
    const index = this.#sets.findIndex((set) => isSame(set.place, place))
    const [found] = index < 0 ? [] : this.#sets.splice(index, 1)
    const set = found ?? { place, instances: new InstanceSet(this.#store, place) }
    this.#sets.push(set)
    this.#evict()
    return set.instances
  }

  /** Forgets what is in memory of a thread: the store is right. */
  forget(thread: number): void {
    const others = this.#sets.filter(({ place }) => place.thread !== thread)
    this.#sets.splice(0, this.#sets.length, ...others)
  }

  /** Lets go of those that were used longest ago, but for the last one. */
  #evict(): void {
    let size = this.#sets.reduce((sum, { instances }) => sum + instances.size, 0)
    while (size > MAX_SIZE && this.#sets.length > 1) size -= this.#sets.shift()?.instances.size ?? 0
  }
}

function isSame(a: Place, b: Place): boolean {
  return a.thread === b.thread && a.collection === b.collection
}
