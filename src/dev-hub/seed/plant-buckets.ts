import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { fileKeyAt } from '../buckets/access.js'
import { BlockStore } from '../buckets/block-store.js'
import { type Bucket, now, touch } from '../buckets/bucket.js'
import { treeOf, writeContent } from '../buckets/bucket-files.js'
import { BucketStore } from '../buckets/bucket-store.js'
import { createBucket } from '../buckets/create-bucket.js'
import { CHUNK_BYTES } from '../buckets/file-content.js'
import { namesOf, readChangeablePath } from '../buckets/paths.js'
import type { DomainContext } from '../domain.js'
import type { StoredApiKey } from '../login/api-keys.js'
import { SetupError } from '../setup-error.js'
import type { Databases } from '../threads/databases.js'
import { createThreadId } from '../threads/registry.js'
import { ownerOf, type Seed } from './seed-file.js'

/**
 * Fills a Hub with buckets, each from a folder. A bucket that its thread has already, by name, is
 * left as it is.
 *
 * @param apiKey - the key that threads are made with, where they are missing
 * @throws SetupError where a folder can't be read, or the Hub would refuse it from an app, too
 */
export async function plantBuckets(
  { users, buckets: list }: Seed,
  { store, registry }: DomainContext,
  databases: Databases,
  apiKey: StoredApiKey,
): Promise<void> {
  const [buckets, blocks] = [new BucketStore(store), new BlockStore(store)]
  for (const { owner: user, name, thread: threadName, private: isPrivate, folder } of list) {
    const owner = ownerOf(users, user)
    const names = { name: threadName, databaseName: threadName }
    try {
      const thread =
        registry.listOf(owner).find((each) => each.name === threadName) ??
        databases.create({ id: createThreadId(), ...names }, { owner, apiKey }).thread
      if (buckets.list(thread.id).some((bucket) => bucket.name === name)) continue
      const details = { owner, thread: thread.id, name, isPrivate, first: '' }
      const { bucket } = await createBucket(blocks, details)
      buckets.put(await fill(blocks, bucket, folder))
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new SetupError(`the seed: bucket ${JSON.stringify(name)} of ${user}: ${reason}`)
    }
  }
}

/** Puts a folder's files into a bucket; links are not followed. */
async function fill(blocks: BlockStore, empty: Bucket, folder: string): Promise<Bucket> {
  let bucket = empty
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name))
  for (const file of files.sort()) {
    const path = readChangeablePath(relative(folder, file).split(sep).join('/'))
    const content = createReadStream(file, { highWaterMark: CHUNK_BYTES })
    const written = await writeContent(blocks, content, fileKeyAt(bucket, path))
    const { cid } = treeOf(blocks, bucket).put(bucket.root, namesOf(path), written)
    bucket = { ...touch(bucket, path, now()), root: cid }
  }
  return bucket
}
