import pb from '@textile/buckets-grpc/api/bucketsd/pb/bucketsd_pb.js'
import { Status } from '../../grpc/status.js'
import { decodePublicKey } from '../../keys/public-key.js'
import { CallError, type Method } from '../call.js'
import { receive, reply } from '../protobuf.js'
import { asSeenBy, checkMayShare } from './access.js'
import { type Bucket, EVERYONE, now, type PathMetadata, Role, rootPathOf } from './bucket.js'
import { copy, findReadable, placeIn, treeOf } from './bucket-files.js'
import { changeBucket } from './changes.js'
import { type BucketContext, callerOf } from './context.js'
import { createKey } from './encryption.js'
import type { Entry } from './file-content.js'
import { namesOf, readChangeablePath } from './paths.js'

/** The methods that say who may do what with a path, by path. */
export function createRoleMethods(context: BucketContext): Record<string, Method> {
  const { buckets, blocks } = context
  return {
    '/api.bucketsd.pb.APIService/PushPathAccessRoles': async (call) => {
      const caller = callerOf(context, call, true)
      const request = await receive(call, pb.PushPathAccessRolesRequest)
      const path = readChangeablePath(request.getPath())
      const roles = readRoles(request)
      const before = buckets.get(request.getKey(), caller.thread)
      treeOf(blocks, before).resolve(before.root, namesOf(path))
      checkMayShare(before, path, caller.user)
      const response = new pb.PushPathAccessRolesResponse()
      const after = share(before, path, roles)
      if (after) {
        const entry = before.linkKey && (await encryptAnew(context, before, after, path))
        const root = entry ? rootPathOf(before) : ''
        const { pinned } = changeBucket(context, caller, before.key, root, (bucket, tree) => {
          const shared = share(bucket, path, roles, after.metadata.get(path)?.key) ?? bucket
          if (!entry) return shared
          const names = namesOf(path)
          const { cid } = names.length > 0 ? tree.put(bucket.root, names, entry) : entry
          return { ...shared, root: cid }
        })
        response.setPinned(pinned)
      }
      reply(call, response)
    },

    '/api.bucketsd.pb.APIService/PullPathAccessRoles': async (call) => {
      const { thread, user } = callerOf(context, call, true)
      const request = await receive(call, pb.PullPathAccessRolesRequest)
      const path = readChangeablePath(request.getPath())
      const bucket = asSeenBy(buckets.get(request.getKey(), thread), user)
      const { roles } = findReadable(blocks, bucket, path).metadata
      const response = new pb.PullPathAccessRolesResponse()
      for (const [who, role] of roles) response.getRolesMap().set(who, role)
      reply(call, response)
    },
  }
}

/**
 * Gives roles for a path, beside those it has of its own.
 *
 * @param key - for the files at and below the path in a private bucket; a new one unless given
 * @returns the bucket with them, or `undefined` where they change nothing
 */
function share(
  bucket: Bucket,
  path: string,
  added: ReadonlyMap<string, Role>,
  key: Uint8Array | undefined = bucket.linkKey && createKey(),
): Bucket | undefined {
  const roles = new Map(bucket.metadata.get(path)?.roles)
  let isChanged = false
  for (const [who, role] of added) {
    isChanged ||= (roles.get(who) ?? Role.None) !== role
    if (role === Role.None) roles.delete(who)
    else roles.set(who, role)
  }
  if (!isChanged) return undefined
  const updatedAt = now()
  const shared: PathMetadata = key ? { roles, updatedAt, key } : { roles, updatedAt }
  return { ...bucket, metadata: new Map(bucket.metadata).set(path, shared), updatedAt }
}

/** Encrypts a path with its new key: who had the old one can't read what comes after. */
function encryptAnew(
  { blocks }: BucketContext,
  before: Bucket,
  after: Bucket,
  path: string,
): Promise<Entry> {
  const tree = treeOf(blocks, before)
  const cid = tree.resolve(before.root, namesOf(path))
  return copy(blocks, cid, placeIn(before, tree, path), placeIn(after, tree, path))
}

/** @throws CallError where a role is for nobody, or is none */
function readRoles(request: pb.PushPathAccessRolesRequest): Map<string, Role> {
  const roles = new Map<string, Role>()
  const known = Object.values(Role)
  request.getRolesMap().forEach((number, who) => {
    if (who !== EVERYONE && !decodePublicKey(who)) {
      throw new CallError(Status.Unknown, 'a role is for a public key, or for "*"')
    }
    const role = known.find((candidate) => candidate === number)
    if (role === undefined)
      throw new CallError(Status.Unknown, `unknown path access role ${number}`)
    roles.set(who, role)
  })
  return roles
}
