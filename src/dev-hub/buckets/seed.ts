import { randomBytes } from 'node:crypto'
import * as raw from 'multiformats/codecs/raw'
import type { BlockStore } from './block-store.js'
import { encryptBytes } from './encryption.js'
import type { Entry } from './file-content.js'

/** The size of a seed, in bytes. */
const SEED_BYTES = 32

/**
 * Stores the random file that makes a bucket unlike all others.
 *
 * @param fileKey - 64 bytes to encrypt it with; missing in a bucket that is not private
 * @returns it, and as what it is stored
 */
export function createSeed(
  blocks: BlockStore,
  fileKey: Uint8Array | undefined,
): { readonly seed: Uint8Array; readonly seedEntry: Entry } {
  const seed = randomBytes(SEED_BYTES)
  const stored = fileKey ? encryptBytes(seed, fileKey) : seed
  return { seed, seedEntry: { cid: blocks.write(stored, raw.code, 1), size: stored.length } }
}
