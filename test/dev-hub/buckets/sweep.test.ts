import { expect, it } from 'vitest'
import { BlockStore } from '../../../src/dev-hub/buckets/block-store.js'
import { startDevHub } from '../../../src/dev-hub/hub.js'
import { createApiKey } from '../../../src/dev-hub/login/api-keys.js'
import { openStore } from '../../../src/dev-hub/store/open-store.js'
import { dataFolder } from '../../support/data-folder.js'
import { loggedIn } from '../logged-in.js'
import { pull, withBucket } from './with-bucket.js'

const apiKey = createApiKey()

function countBlocks(dataDir: string): number {
  const store = openStore({ dataDir })
  const { length } = new BlockStore(store).listDigests()
  store.close()
  return length
}

it.each([
  ['public', false],
  ['private', true],
])(
  'the blocks that a %s bucket needs no longer go when the Hub starts again',
  async (_, encrypted) => {
    const dataDir = await dataFolder()
    const before = await startDevHub({ apiKeys: [apiKey], dataDir })
    const { buckets, key, push, identity } = await withBucket(before, apiKey, { encrypted })
    await push('kept/a.bin', Buffer.alloc(600_000, 1))
    await push('kept/b.txt', 'text')
    const removed = await buckets.create('removed')
    await buckets.pushPath(removed.root?.key ?? '', 'x', { path: 'x', content: Buffer.from('x') })
    await buckets.remove(removed.root?.key ?? '')
    await push('gone.bin', Buffer.alloc(900_000, 2))
    await buckets.removePath(key, 'gone.bin')
    await before.close()
    const left = countBlocks(dataDir)

    const after = await startDevHub({ apiKeys: [apiKey], dataDir })
    const again = await loggedIn(after, apiKey, identity)
    await again.buckets.getOrCreate('files')
    expect(await pull(again.buckets, key, 'kept/a.bin')).toHaveLength(600_000)
    expect(await pull(again.buckets, key, 'kept/b.txt')).toBe('text')
    await after.close()
    const kept = countBlocks(dataDir)
    // Root, seed, directory, text, file: equal blocks are one; encrypted ones are all different.
    expect(kept).toBe(encrypted ? 8 : 7)
    expect(left).toBeGreaterThan(kept + 5)
  },
)
