import type { CID } from 'multiformats/cid'
import { fileKeyAt } from './access.js'
import type { BlockStore } from './block-store.js'
import type { Bucket } from './bucket.js'
import { BucketTree } from './bucket-tree.js'
import { encrypt, openEncrypted } from './encryption.js'
import { type Entry, type FileContent, isDirectory, openFile, writeFile } from './file-content.js'
import { namesOf } from './paths.js'

/** Opens the directories of a bucket. */
export function treeOf(blocks: BlockStore, { linkKey }: Bucket): BucketTree {
  return new BucketTree(blocks, linkKey)
}

/**
 * Opens a file of a bucket, decrypted.
 *
 * @param bucket - as the user sees it
 * @throws CallError where there is no file that the user may read
 */
export async function openBucketFile(
  blocks: BlockStore,
  bucket: Bucket,
  path: string,
): Promise<FileContent> {
  const key = fileKeyAt(bucket, path)
  const tree = treeOf(blocks, bucket)
  return openContent(blocks, tree, tree.resolve(bucket.root, namesOf(path)), key)
}

/**
 * Writes a file's blocks.
 *
 * @param key - 64 bytes to encrypt it with; missing in a bucket that is not private
 */
export function writeContent(
  blocks: BlockStore,
  content: AsyncIterable<Uint8Array>,
  key: Uint8Array | undefined,
): Promise<Entry> {
  return writeFile(blocks, key ? encrypt(content, key) : content)
}

/** A place in a bucket, or in what is about to become one. */
export interface Place {
  readonly tree: BucketTree
  readonly path: string
  /** The key of a path's file; `undefined` where it is not encrypted. */
  readonly keyAt: (path: string) => Uint8Array | undefined
}

/**
 * Copies a directory or file with all that is below it, decrypting and encrypting as the two
 * places ask for.
 *
 * @param cid - what to copy, of the first place
 * @returns the copy, which is not linked to yet
 * @throws CallError where the Hub doesn't have all of it
 */
export async function copy(blocks: BlockStore, cid: CID, from: Place, to: Place): Promise<Entry> {
  const directory = from.tree.open(cid)
  if (!directory) {
    const file = await openContent(blocks, from.tree, cid, from.keyAt(from.path))
    return writeContent(blocks, file.read(), to.keyAt(to.path))
  }
  const entries: [string, Entry][] = []
  for (const { Name: name = '', Hash: child } of directory.links) {
    const copied = await copy(blocks, child, below(from, name), below(to, name))
    entries.push([name, copied])
  }
  return to.tree.create(entries, cid.version)
}

async function openContent(
  blocks: BlockStore,
  tree: BucketTree,
  cid: CID,
  key: Uint8Array | undefined,
): Promise<FileContent> {
  if (tree.open(cid)) throw isDirectory()
  const file = await openFile(blocks, cid)
  return key ? openEncrypted(file, key) : file
}

function below(place: Place, name: string): Place {
  return { ...place, path: place.path === '' ? name : `${place.path}/${name}` }
}

/**
 * Makes a directory or file that this Hub has, not encrypted, into one of a bucket.
 *
 * @param cid - what to adopt
 * @param to - where it will be
 * @throws CallError where the Hub doesn't have it
 */
export function adopt(blocks: BlockStore, cid: CID, to: Place): Promise<Entry> | Entry {
  const plain = new BucketTree(blocks)
  if (!to.tree.isEncrypted) return { cid, size: plain.sizeOf(cid) }
  return copy(blocks, cid, { tree: plain, path: '', keyAt: () => undefined }, to)
}
