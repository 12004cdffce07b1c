import { withDeadline } from '../../deadline.js'
import { Status } from '../../grpc/status.js'
import { CallError, callerLeft, type HubCall } from '../call.js'
import { checkMayWrite, fileKeyAt } from './access.js'
import { type Bucket, now, touch } from './bucket.js'
import type { BucketTree } from './bucket-tree.js'
import { notFastForward } from './changes.js'
import type { Entry } from './file-content.js'
import { namesOf, readChangeablePath } from './paths.js'

/** How long a caller may be silent while it pushes, in seconds. */
const PUSH_TIMEOUT = 60

/**
 * Waits for a caller's next message, but not indefinitely.
 *
 * @returns its bytes, or `undefined` once the caller will send no more
 * @throws CallError where the caller is silent for too long or goes away
 */
export function receiveInTime(call: HubCall): Promise<Uint8Array | undefined> {
  const late = () => new CallError(Status.DeadlineExceeded, 'no more of the file came in time')
  return withDeadline(PUSH_TIMEOUT, call.receive(), late)
}

/**
 * Watches a call, to know whether its caller is still there: one that leaves may seem to end.
 *
 * @returns a check, which throws a CallError once the caller has left
 */
export function watchCaller(call: Pick<HubCall, 'closed'>): () => void {
  let hasLeft = false
  void call.closed.then(() => {
    hasLeft = true
  })
  return () => {
    if (hasLeft) throw callerLeft()
  }
}

/**
 * Reads the path of a file that is pushed.
 *
 * @throws CallError where it is the root, leads out of the bucket, or names the seed
 */
export function readFilePath(text: string): string {
  const path = readChangeablePath(text)
  if (path === '') throw new CallError(Status.Unknown, 'a file needs a path')
  return path
}

/**
 * Makes the change that puts a pushed file into its bucket, which may have changed meanwhile.
 *
 * @param entry - the file, written
 * @param key - what it is encrypted with; missing where it isn't
 * @param user - who pushes it
 * @returns a change for `changeBucket`, which throws a CallError where the user may no longer
 *   write there, or the path has another key by now
 */
export function putPushed(
  path: string,
  entry: Entry,
  key: Uint8Array | undefined,
  user: string,
): (bucket: Bucket, tree: BucketTree) => Bucket {
  return (bucket, tree) => {
    checkMayWrite(bucket, path, user)
    checkKey(bucket, path, key)
    const { cid } = tree.put(bucket.root, namesOf(path), entry)
    return { ...touch(bucket, path, now()), root: cid }
  }
}

/** @throws CallError where a path's files are no longer encrypted with the key */
function checkKey(bucket: Bucket, path: string, key: Uint8Array | undefined): void {
  const current = fileKeyAt(bucket, path)
  const isSame = key && current ? Buffer.compare(key, current) === 0 : key === current
  if (!isSame) throw notFastForward()
}

/** The error of a push that doesn't start with a header, as hubd words it. */
export function noHeader(): CallError {
  return new CallError(Status.Unknown, 'push bucket path header is required')
}
