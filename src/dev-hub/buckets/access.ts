import { Status } from '../../grpc/status.js'
import { CallError } from '../call.js'
import {
  type Bucket,
  EVERYONE,
  findMetadata,
  type PathMetadata,
  pathsBelow,
  Role,
  withDirectoriesAbove,
} from './bucket.js'

/**
 * A bucket as a user may see it: without what is known of paths that they may not read, and
 * without its key where that is all of them. Reading such a path finds nothing.
 *
 * @param user - public key, or the empty text of a stranger
 */
export function asSeenBy(bucket: Bucket, user: string): Bucket {
  if (bucket.owner === '') return bucket
  const visible = [...bucket.metadata].filter(([path]) => {
    return Math.max(...rolesAt(bucket, path, user)) >= Role.Reader
  })
  const linkKey = visible.length > 0 ? bucket.linkKey : undefined
  return { ...bucket, metadata: new Map(visible), linkKey }
}

/**
 * What is known of a path to a user who may read it.
 *
 * @param bucket - as the user sees it
 * @throws CallError where the user may not
 */
export function readableMetadata(bucket: Bucket, path: string): PathMetadata {
  const metadata = findMetadata(bucket, path)
  if (!metadata) throw unresolvable(path)
  return metadata.found
}

/**
 * The key for a file's content.
 *
 * @param bucket - as the user sees it
 * @returns 64 bytes, or `undefined` in a bucket that is not private
 * @throws CallError where the user may not read the path
 */
export function fileKeyAt(bucket: Bucket, path: string): Uint8Array | undefined {
  readableMetadata(bucket, path)
  if (!bucket.linkKey) return undefined
  const key = findMetadata(bucket, path, true)?.found.key
  if (!key) throw unresolvable(path)
  return key
}

/**
 * Checks whether a user may write to a path, in place of all that is there: whoever has a role of
 * writer may overwrite; only the owner may write where nothing has been written yet.
 *
 * @throws CallError where the user may not
 */
export function checkMayWrite(bucket: Bucket, path: string, user: string): void {
  if (bucket.owner === '') return
  const isKnown = bucket.metadata.has(path)
  const isWriter = Math.max(...rolesAt(bucket, path, user)) >= Role.Writer
  if (isKnown ? !isWriter : user !== bucket.owner) throw denied()
  for (const below of pathsBelow(bucket, path)) checkIsAdmin(bucket, below, user)
}

/**
 * Checks whether a user may remove a path with all that is below it.
 *
 * @throws CallError where the user may not
 */
export function checkMayRemove(bucket: Bucket, path: string, user: string): void {
  if (bucket.owner === '') return
  const known = [path, ...pathsBelow(bucket, path)].filter((at) => bucket.metadata.has(at))
  if (known.length === 0 && user !== bucket.owner) throw denied()
  for (const at of known) checkIsAdmin(bucket, at, user)
}

/**
 * Checks whether a user may give roles for a path: an admin, and only the owner where the path
 * has no roles of its own yet.
 *
 * @throws CallError where the user may not
 */
export function checkMayShare(bucket: Bucket, path: string, user: string): void {
  if (bucket.owner === '') return
  if (bucket.metadata.has(path)) checkIsAdmin(bucket, path, user)
  else if (user !== bucket.owner) throw denied()
}

/** The error of a path that is not there, or that the user may not read. */
export function unresolvable(path: string): CallError {
  return new CallError(Status.Unknown, `could not resolve path: ${path}`)
}

function checkIsAdmin(bucket: Bucket, path: string, user: string): void {
  const [role] = rolesAt(bucket, path, user)
  if (role < Role.Admin) throw denied()
}

function denied(): CallError {
  return new CallError(Status.Unknown, 'permission denied')
}

/** The highest role that a user and that everyone has at a path, or at a directory above it. */
function rolesAt(bucket: Bucket, path: string, user: string): [ofUser: number, ofEveryone: number] {
  const above = withDirectoriesAbove(path).map((at) => bucket.metadata.get(at)?.roles)
  const highest = (who: string) => Math.max(...above.map((roles) => roles?.get(who) ?? Role.None))
  return [highest(user), highest(EVERYONE)]
}
