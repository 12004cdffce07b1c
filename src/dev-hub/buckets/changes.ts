import { Status } from '../../grpc/status.js'
import { CallError } from '../call.js'
import { type Bucket, rootPathOf } from './bucket.js'
import { treeOf } from './bucket-files.js'
import type { BucketTree } from './bucket-tree.js'
import type { BucketCaller, BucketContext } from './context.js'

/** What became of a change. */
export interface Changed {
  readonly bucket: Bucket
  /** How many bytes the bucket has more than before. */
  readonly pinned: number
}

/**
 * Changes a bucket: all of the change is written, or nothing.
 *
 * @param root - path of the root that the caller takes the bucket to have; any where it is empty
 * @param change - makes the bucket anew; throws where the caller may not
 * @throws CallError where there is no such bucket, or it has another root by now
 */
export function changeBucket(
  { buckets, blocks }: BucketContext,
  { thread }: BucketCaller,
  key: string,
  root: string,
  change: (bucket: Bucket, tree: BucketTree) => Bucket,
): Changed {
  return buckets.transaction(() => {
    const before = buckets.get(key, thread)
    checkRoot(before, root)
    const tree = treeOf(blocks, before)
    const bucket = change(before, tree)
    buckets.put(bucket)
    return { bucket, pinned: tree.sizeOf(bucket.root) - tree.sizeOf(before.root) }
  })
}

/** @throws CallError where the bucket has another root than the caller takes it to have */
export function checkRoot(bucket: Bucket, root: string): void {
  if (root === '' || root === rootPathOf(bucket)) return
  throw notFastForward()
}

/** The error of a change to what has changed meanwhile, as hubd words it. */
export function notFastForward(): CallError {
  return new CallError(Status.FailedPrecondition, 'update is non-fast-forward')
}
