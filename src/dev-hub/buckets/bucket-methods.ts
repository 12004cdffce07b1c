import { randomBytes } from 'node:crypto'
import pb from '@textile/buckets-grpc/api/bucketsd/pb/bucketsd_pb.js'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { sha256 } from 'multiformats/hashes/sha2'
import { Status } from '../../grpc/status.js'
import { CallError, type Method } from '../call.js'
import { receive, reply } from '../protobuf.js'
import { asSeenBy, readableMetadata } from './access.js'
import { type Bucket, EVERYONE, now, type PathMetadata, Role, SEED_NAME } from './bucket.js'
import { adopt, treeOf } from './bucket-files.js'
import { BucketTree } from './bucket-tree.js'
import { type BucketCaller, type BucketContext, callerOf } from './context.js'
import { createKey } from './encryption.js'
import type { Entry } from './file-content.js'
import { createLinks } from './links.js'
import { toRoot } from './messages.js'
import { namesOf, readCid, readPath } from './paths.js'
import { createSeed } from './seed.js'

/** The multicodec of a bucket's key: at hubd, that of the name it is published under. */
const LIBP2P_KEY = 0x72

/** The methods about buckets as a whole, by path. */
export function createBucketMethods(context: BucketContext): Record<string, Method> {
  const { authorization, registry, buckets, blocks } = context
  return {
    '/api.bucketsd.pb.APIService/List': async (call) => {
      const { thread, user } = callerOf(context, call, false)
      await receive(call, pb.ListRequest)
      const response = new pb.ListResponse()
      response.setRootsList(buckets.list(thread).map((bucket) => toRoot(asSeenBy(bucket, user))))
      reply(call, response)
    },

    '/api.bucketsd.pb.APIService/Create': async (call) => {
      const caller = callerOf(context, call, false)
      const request = await receive(call, pb.CreateRequest)
      if (request.getUnfreeze()) throw archivingDisabled()
      const { bucket, seed, seedEntry } = await createBucket(context, caller, request)
      buckets.put(bucket)
      const response = new pb.CreateResponse()
      response.setRoot(toRoot(bucket))
      response.setLinks(createLinks(context.url(), bucket, '', caller.token))
      response.setSeed(seed)
      response.setSeedCid(seedEntry.cid.toString())
      response.setPinned(treeOf(blocks, bucket).sizeOf(bucket.root))
      reply(call, response)
    },

    '/api.bucketsd.pb.APIService/Root': async (call) => {
      const { thread, user } = callerOf(context, call, true)
      const key = (await receive(call, pb.RootRequest)).getKey()
      const response = new pb.RootResponse()
      response.setRoot(toRoot(asSeenBy(buckets.get(key, thread), user)))
      reply(call, response)
    },

    '/api.bucketsd.pb.APIService/Links': async (call) => {
      const { thread, user, token } = callerOf(context, call, true)
      const request = await receive(call, pb.LinksRequest)
      const bucket = asSeenBy(buckets.get(request.getKey(), thread), user)
      const path = readPath(request.getPath())
      readableMetadata(bucket, path)
      treeOf(blocks, bucket).resolve(bucket.root, namesOf(path))
      reply(call, createLinks(context.url(), bucket, path, token))
    },

    '/api.bucketsd.pb.APIService/Remove': async (call) => {
      const { thread } = callerOf(context, call, false)
      const key = (await receive(call, pb.RemoveRequest)).getKey()
      const bucket = buckets.get(key, thread)
      buckets.remove(key)
      const response = new pb.RemoveResponse()
      response.setPinned(-treeOf(blocks, bucket).sizeOf(bucket.root))
      reply(call, response)
    },

    // What a hubd answers that stores nothing on Filecoin.
    '/api.bucketsd.pb.APIService/Archives': async (call) => {
      registry.findNamed(call, authorization.callerOf(call))
      await receive(call, pb.ArchivesRequest)
      reply(call, new pb.ArchivesResponse())
    },
    ...Object.fromEntries(
      ['DefaultArchiveConfig', 'SetDefaultArchiveConfig', 'Archive', 'ArchiveWatch'].map(
        (name) =>
          [
            `/api.bucketsd.pb.APIService/${name}`,
            async (call) => {
              registry.findNamed(call, authorization.callerOf(call))
              throw archivingDisabled()
            },
          ] satisfies [string, Method],
      ),
    ),
  }
}

/** A new bucket, of which all but itself is stored; and its seed, plain and as stored. */
async function createBucket(
  { blocks }: BucketContext,
  { user, thread }: BucketCaller,
  request: pb.CreateRequest,
): Promise<{ bucket: Bucket; seed: Uint8Array; seedEntry: Entry }> {
  const isPrivate = request.getPrivate()
  const [linkKey, fileKey] = isPrivate ? [createKey(), createKey()] : []
  const tree = new BucketTree(blocks, linkKey)
  const { seed, seedEntry } = createSeed(blocks, fileKey)
  const first = request.getBootstrapCid()
  const root = first
    ? tree.put(
        (await adopt(blocks, readCid(first), { tree, path: '', keyAt: () => fileKey })).cid,
        [SEED_NAME],
        seedEntry,
      )
    : tree.create([[SEED_NAME, seedEntry]], 1)
  const time = now()
  const bucket: Bucket = {
    key: createBucketKey(),
    thread,
    owner: user,
    name: request.getName(),
    root: root.cid,
    linkKey,
    metadata: new Map([
      ['', rootMetadata(user, fileKey, time)],
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

function createBucketKey(): string {
  return CID.create(1, LIBP2P_KEY, createDigest(sha256.code, randomBytes(32))).toString()
}

function archivingDisabled(): CallError {
  return new CallError(Status.Unknown, 'archiving feature is disabled')
}
