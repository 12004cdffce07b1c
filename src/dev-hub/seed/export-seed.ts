import { parsePublicKey } from '../../keys/public-key.js'
import type { Databases } from '../threads/databases.js'
import type { SeedFile } from './seed-file.js'

/**
 * What is in a Hub, as a seed: users by their public keys, and their databases. What is in buckets
 * and mailboxes is not part of it, nor what was made with an account key.
 */
export function exportSeed(databases: Databases): SeedFile {
  const threads = databases.registry.all().filter(({ owner }) => parsePublicKey(owner))
  const names = new Map<string, string>()
  for (const { owner } of threads) {
    if (!names.has(owner)) names.set(owner, `user${names.size + 1}`)
  }
  return {
    users: Object.fromEntries([...names].map(([pubkey, name]) => [name, { pubkey }])),
    databases: threads.map((thread) => {
      const database = databases.open(thread)
      return {
        owner: names.get(thread.owner) ?? '',
        ...(thread.name === '' ? {} : { name: thread.name }),
        id: thread.id,
        collections: database.listCollections().map(({ config }) => ({
          ...config,
          schema: JSON.parse(config.schema),
          indexes: [...config.indexes],
          instances: database
            .instances(config.name)
            .sorted()
            .map(({ value }) => ({ ...value })),
        })),
      }
    }),
  }
}
