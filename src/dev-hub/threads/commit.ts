import { setImmediate as turn } from 'node:timers/promises'
import { Status } from '../../grpc/status.js'
import { CallError } from '../call.js'
import type { Database } from './database.js'
import { instanceExists } from './errors.js'
import { type Action, WriteValidator } from './guards/guards.js'
import { type Instance, nextMod } from './instance.js'
import { fieldAsJson } from './instance-set.js'
import type { InstanceEvent } from './listeners.js'

/**
 * Asks the write validators, then does all of some actions, or none, and tells the listeners. The
 * caller holds the database's lock.
 *
 * @param writer - public key of who writes
 * @throws CallError where a validator refuses, an instance exists that is to be created, or a
 *   value comes twice that is to be unique
 */
export async function commit(
  database: Database,
  writer: string,
  actions: readonly Action[],
): Promise<void> {
  if (actions.length === 0) return
  await validate(database, writer, actions)
  const events = database.write(() => actions.flatMap((action) => apply(database, action)))
  database.listeners.tell(events)
}

/**
 * Asks the write validators of the collections concerned, each action upon those before it.
 *
 * @throws CallError where one refuses
 */
export async function validate(
  database: Database,
  writer: string,
  actions: readonly Action[],
): Promise<void> {
  const validators = new Map<string, WriteValidator>()
  const written = new Map<string, Instance | undefined>()
  try {
    for (const action of actions) {
      const { collection, id, value } = action
      const { writeValidator } = database.collection(collection).config
      if (writeValidator === '') continue
      const validator = validators.get(collection) ?? (await WriteValidator.open(writeValidator))
      validators.set(collection, validator)
      const key = JSON.stringify([collection, id])
      const previous = written.has(key) ? written.get(key) : database.instances(collection).get(id)
      validator.check(writer, action, previous)
      written.set(key, value && { id, mod: nextMod(), value })
      await turn()
    }
  } finally {
    for (const validator of validators.values()) validator.dispose()
  }
}

/** Does one action, and returns what happened by it: nothing, where nothing was to delete. */
function apply(database: Database, action: Action): InstanceEvent[] {
  const { type, collection, id, value } = action
  const instances = database.instances(collection)
  const previous = instances.get(id)
  if (!value) {
    if (!previous) return []
    instances.delete(id)
    return [{ type, collection, id, instance: undefined }]
  }
  if (type === 'create' && previous) throw instanceExists()
  const instance = { id, mod: nextMod(), value }
  for (const path of database.collection(collection).uniquePaths) {
    const field = fieldAsJson(instance, path)
    const holder = field === undefined ? undefined : instances.idsBy(path).get(field)
    if (holder !== undefined && holder !== id) {
      const text = 'error when indexing created data: unique constraint violation'
      throw new CallError(Status.Unknown, text)
    }
  }
  instances.put(instance)
  return [{ type, collection, id, instance }]
}
