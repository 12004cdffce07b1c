import { setImmediate as turn } from 'node:timers/promises'
import { Status } from '../../grpc/status.js'
import { CallError } from '../call.js'
import type { Collection } from './collection.js'
import type { Database } from './database.js'
import { instanceNotFound } from './errors.js'
import { ReadFilter } from './guards/guards.js'
import { fieldOf, type Instance } from './instance.js'
import { fieldAsJson, type InstanceSet } from './instance-set.js'
import { compareText, compareValues } from './json.js'
import { matches, type Query } from './query.js'

/** How long to search before others get a turn, in ms. */
const SLICE_MS = 10

/** How many instances to look at before the time is looked at. */
const STRIDE = 64

/** One collection, as one reader sees it: through its read filter. */
export class Reader {
  readonly #collection: Collection
  readonly #instances: InstanceSet
  readonly #reader: string

  /** @param reader - public key of who reads */
  constructor(database: Database, collection: Collection, reader: string) {
    this.#collection = collection
    this.#instances = database.instances(collection.config.name)
    this.#reader = reader
  }

  /**
   * Finds instances, by hubd's rules: skip and limit come before the order by a field; the order
   * by ID is that of bytes.
   *
   * @throws CallError where an instance lacks the field that they are to be ordered by, or the
   *   read filter fails
   */
  async find(query: Query): Promise<Instance[]> {
    const { limit, skip, sort } = query
    const wanted = limit && limit > 0 ? limit : Number.POSITIVE_INFINITY
    const found: Instance[] = []
    let skipped = 0
    await this.#see(candidates(query, this.#collection, this.#instances), (instance) => {
      if (!matches(query, instance)) return true
      if (skipped < (skip ?? 0)) skipped += 1
      else found.push(instance)
      return found.length < wanted
    })
    const path = sort?.fieldPath
    return path && path !== '_id' ? sortBy(path, sort.desc ?? false, found) : found
  }

  /**
   * Finds an instance by its ID.
   *
   * @throws CallError where there is none that this reader sees
   */
  async findById(id: string): Promise<Instance> {
    const instance = this.#instances.get(id)
    let seen: Instance | undefined
    await this.#see(instance ? [instance] : [], (each) => {
      seen = each
      return false
    })
    if (!seen) throw instanceNotFound()
    return seen
  }

  /** Whether the collection has all of these instances, as this reader sees it. */
  async has(ids: readonly string[]): Promise<boolean> {
    const instances = ids.flatMap((id) => this.#instances.get(id) ?? [])
    let count = 0
    await this.#see(instances, () => {
      count += 1
      return true
    })
    return count === ids.length
  }

  /**
   * Goes through instances as the reader sees them, and lets others have their turn in between.
   *
   * @param visit - returns whether to go on
   */
  async #see(
    instances: readonly Instance[],
    visit: (instance: Instance) => boolean,
  ): Promise<void> {
    const { readFilter } = this.#collection.config
    const filter = readFilter === '' ? undefined : await ReadFilter.open(readFilter)
    try {
      let sliceEnd = performance.now() + SLICE_MS
      for (const [index, instance] of instances.entries()) {
        const seen = filter ? filter.apply(this.#reader, instance) : instance
        if (seen && !visit(seen)) return
        if ((filter || index % STRIDE === 0) && performance.now() > sliceEnd) {
          await turn()
          sliceEnd = performance.now() + SLICE_MS
        }
      }
    } finally {
      filter?.dispose()
    }
  }
}

/** The instances that a query can mean, in the order in which hubd goes through them. */
function candidates(
  { index, sort, seek }: Query,
  { config }: Collection,
  instances: InstanceSet,
): readonly Instance[] {
  if (index) return byIndex(index, config.indexes, instances)
  const all = instances.sorted()
  const isDescending = sort?.fieldPath === '_id' && sort.desc
  // hubd goes backwards from the start where it is told nowhere else: it finds nothing.
  if (isDescending && !seek) return []
  if (isDescending) return all.filter(({ id }) => compareText(id, seek ?? '') <= 0).toReversed()
  return seek ? all.filter(({ id }) => compareText(id, seek) >= 0) : all
}

/** Those that have the field of an index, in its order; none where there is no such index. */
function byIndex(
  path: string,
  indexes: readonly { readonly path: string }[],
  instances: InstanceSet,
): readonly Instance[] {
  if (!indexes.some((index) => index.path === path)) return []
  return instances
    .sorted()
    .map((instance) => ({ instance, value: fieldAsJson(instance, path) }))
    .filter(({ value }) => value !== undefined)
    .sort((a, b) => compareText(a.value ?? '', b.value ?? ''))
    .map(({ instance }) => instance)
}

function sortBy(path: string, isDescending: boolean, instances: readonly Instance[]): Instance[] {
  return [...instances].sort((a, b) => {
    const order = compareValues(fieldOf(a, path), fieldOf(b, path))
    if (order === undefined) {
      throw new CallError(Status.Unknown, "sorting field doesn't correspond to instance type")
    }
    return isDescending ? -order : order
  })
}
