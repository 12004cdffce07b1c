import { setImmediate as nextTurn } from 'node:timers/promises'
import type { BlockStore } from './block-store.js'
import { treeOf } from './bucket-files.js'
import type { BucketStore } from './bucket-store.js'

/** How many blocks are looked at before other work gets its turn. */
const BLOCKS_A_TURN = 100

/**
 * Removes the blocks that no bucket consists of any more: those of earlier versions, of removed
 * files and of pushes that came to no end. Nothing may be pushed meanwhile.
 */
export async function sweep(blocks: BlockStore, buckets: BucketStore): Promise<void> {
  const kept = new Set<string>()
  let looked = 0
  const pause = async () => {
    looked += 1
    if (looked % BLOCKS_A_TURN === 0) await nextTurn()
  }
  for (const bucket of buckets.listAll()) {
    for (const { multihash } of treeOf(blocks, bucket).walk(bucket.root)) {
      kept.add(toText(multihash.digest))
      await pause()
    }
  }
  for (const digest of blocks.listDigests()) {
    if (!kept.has(toText(digest))) blocks.remove(digest)
    await pause()
  }
}

function toText(digest: Uint8Array): string {
  return Buffer.from(digest).toString('base64')
}
