import type { CID } from 'multiformats/cid'
import { fileKeyAt, readableMetadata } from './access.js'
import type { BlockStore } from './block-store.js'
import type { Bucket, PathMetadata } from './bucket.js'
import { BucketTree } from './bucket-tree.js'
import { encrypt, openEncrypted } from './encryption.js'
import { type Entry, type FileContent, isDirectory, openFile, writeFile } from './file-content.js'
import { namesOf, pathBelow, readIpfsPath } from './paths.js'

/** Opens the directories of a bucket. */
export function treeOf(blocks: BlockStore, { linkKey }: Bucket): BucketTree {
  return new BucketTree(blocks, linkKey)
}

/** What a path leads to, and the directories that it leads through. */
export interface Found {
  readonly tree: BucketTree
  readonly cid: CID
}

/**
 * Finds what a path of a bucket leads to, and what is known of the path.
 *
 * @param bucket - as the user sees it
 * @throws CallError where the user may not read it, or there is nothing
 */
export function findReadable(
  blocks: BlockStore,
  bucket: Bucket,
  path: string,
): Found & { readonly metadata: PathMetadata } {
  const metadata = readableMetadata(bucket, path)
  const tree = treeOf(blocks, bucket)
  return { metadata, tree, cid: tree.resolve(bucket.root, namesOf(path)) }
}

/**
 * Finds what a path that starts with a CID leads to.
 *
 * @throws CallError where there is no CID, or nothing is there
 */
export function findInIpfs(
  blocks: BlockStore,
  text: string,
): Found & { readonly root: CID; readonly path: string } {
  const { root, path } = readIpfsPath(text)
  const tree = new BucketTree(blocks)
  return { root, path, tree, cid: tree.resolve(root, namesOf(path)) }
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

/** A place in a bucket whose owner's eyes see everything. */
export function placeIn(bucket: Bucket, tree: BucketTree, path: string): Place {
  return { tree, path, keyAt: (at) => fileKeyAt(bucket, at) }
}

/**
 * Opens a file.
 *
 * @param key - what it is encrypted with; missing where it isn't
 * @throws CallError where it is a directory
 */
export async function openContent(
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
  return { ...place, path: pathBelow(place.path, name) }
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
