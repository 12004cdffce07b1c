import { CallError } from '../call.js'
import type { DomainContext } from '../domain.js'
import type { StoredApiKey } from '../login/api-keys.js'
import { SetupError } from '../setup-error.js'
import { type CollectionConfig, checkConfig } from '../threads/collection.js'
import { commit } from '../threads/commit.js'
import type { Databases } from '../threads/databases.js'
import { createInstanceId, parseDraft } from '../threads/instance.js'
import { createThreadId, parseThreadId } from '../threads/registry.js'
import { ownerOf, type Seed } from './seed-file.js'

type SeededDatabase = Seed['databases'][number]
type SeededCollection = SeededDatabase['collections'][number]

/**
 * Fills a Hub. A database that its owner has already, by ID or name, is left as it is.
 *
 * @param apiKey - the key that databases are made with
 * @throws SetupError where the Hub would refuse it from an app, too
 */
export async function plantDatabases(
  { users, databases: list }: Seed,
  { registry }: DomainContext,
  databases: Databases,
  apiKey: StoredApiKey,
): Promise<void> {
  for (const seeded of list) {
    const owner = ownerOf(users, seeded.owner)
    const { id, name = '' } = seeded
    const isThere = registry
      .listOf(owner)
      .some((thread) => thread.id === id || (name !== '' && thread.name === name))
    if (isThere) continue
    try {
      await plant(seeded, databases, { owner, apiKey })
    } catch (error) {
      if (!(error instanceof CallError)) throw error
      const label = JSON.stringify(name || id || 'without a name')
      throw new SetupError(
        `the seed: database ${label} of ${seeded.owner}: ${error.status.message}`,
      )
    }
  }
}

async function plant(
  { id, name = '', collections }: SeededDatabase,
  databases: Databases,
  caller: { readonly owner: string; readonly apiKey: StoredApiKey },
): Promise<void> {
  const configs = await Promise.all(collections.map((each) => checkConfig(configOf(each))))
  const bytes = id === undefined ? createThreadId() : parseThreadId(id)
  const database = databases.create({ id: bytes, name, databaseName: name }, caller, configs)
  try {
    for (const collection of collections) {
      const { validator } = database.collection(collection.name)
      const actions = collection.instances.map((instance) => {
        const draft = parseDraft(Buffer.from(JSON.stringify(instance)))
        const value = { ...draft.value, _id: draft.id || createInstanceId() }
        validator.check(value)
        return { type: 'create', collection: collection.name, id: value._id, value } as const
      })
      await commit(database, caller.owner, actions)
    }
  } catch (error) {
    databases.delete(database)
    throw error
  }
}

function configOf({ instances: _, schema, ...config }: SeededCollection): CollectionConfig {
  return { ...config, schema: JSON.stringify(schema) }
}
