import { withDeadline } from '../../deadline.js'
import { Status } from '../../grpc/status.js'
import { CallError, type HubCall } from '../call.js'
import { fileKeyAt } from './access.js'
import type { Bucket } from './bucket.js'
import { readChangeablePath } from './paths.js'

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
    if (hasLeft) throw new CallError(Status.Cancelled, 'the caller left')
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
 * Checks that a path's files are still encrypted with the key that was used meanwhile.
 *
 * @throws CallError where the key was changed
 */
export function checkKey(bucket: Bucket, path: string, key: Uint8Array | undefined): void {
  const current = fileKeyAt(bucket, path)
  const isSame = key && current ? Buffer.compare(key, current) === 0 : key === current
  if (!isSame) throw new CallError(Status.FailedPrecondition, 'update is non-fast-forward')
}

/** The error of a push that doesn't start with a header, as hubd words it. */
export function noHeader(): CallError {
  return new CallError(Status.Unknown, 'push bucket path header is required')
}
