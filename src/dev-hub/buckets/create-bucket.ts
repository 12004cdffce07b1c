import { randomBytes } from 'node:crypto'
import { type BlockStore, cidOf } from './block-store.js'
import { type Bucket, EVERYONE, now, type PathMetadata, Role } from './bucket.js'
import { adopt } from './bucket-files.js'
import { BucketTree } from './bucket-tree.js'
import { createKey } from './encryption.js'
import type { Entry } from './file-content.js'
import { readCid, SEED_NAME } from './paths.js'
import { createSeed } from './seed.js'

/** The multicodec of a bucket's key: at hubd, that of the name it is published under. */
const LIBP2P_KEY = 0x72

/** What is told of a bucket that is to be made. */
export interface NewBucket {
  /** Public key; the empty text where it is made with an account key. */
  readonly owner: string
  /** ID of its thread: multibase base32. */
  readonly thread: string
  readonly name: string
  readonly isPrivate: boolean
  /** CID of the directory that it begins with; empty for an empty one. */
  readonly first: string
}

/**
 * Makes a bucket. Its blocks are stored, itself not yet.
 *
 * @returns the bucket, and its seed: plain, and as it is stored
 * @throws CallError where this Hub doesn't have what it is to begin with
 */
export async function createBucket(
  blocks: BlockStore,
  { owner, thread, name, isPrivate, first }: NewBucket,
): Promise<{ bucket: Bucket; seed: Uint8Array; seedEntry: Entry }> {
  const [linkKey, fileKey] = isPrivate ? [createKey(), createKey()] : []
  const tree = new BucketTree(blocks, linkKey)
  const { seed, seedEntry } = createSeed(blocks, fileKey)
  const place = { tree, path: '', keyAt: () => fileKey }
  const root = first
    ? tree.put((await adopt(blocks, readCid(first), place)).cid, [SEED_NAME], seedEntry)
    : tree.create([[SEED_NAME, seedEntry]], 1)
  const time = now()
  const bucket: Bucket = {
    key: cidOf(randomBytes(32), LIBP2P_KEY, 1).toString(),
    thread,
    owner,
    name,
    root: root.cid,
    linkKey,
    metadata: new Map([
      ['', rootMetadata(owner, fileKey, time)],
      [SEED_NAME, { roles: new Map(), updatedAt: time }],
    ]),
    createdAt: time,
    updatedAt: time,
  }
  return { bucket, seed, seedEntry }
}

function rootMetadata(owner: string, key: Uint8Array | undefined, updatedAt: number): PathMetadata {
  const roles = new Map<string, Role>()
  if (owner && !key) roles.set(EVERYONE, Role.Reader)
  if (owner) roles.set(owner, Role.Admin)
  return key ? { roles, updatedAt, key } : { roles, updatedAt }
}
