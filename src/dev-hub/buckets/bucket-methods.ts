import pb from '@textile/buckets-grpc/api/bucketsd/pb/bucketsd_pb.js'
import { Status } from '../../grpc/status.js'
import { CallError, type Method } from '../call.js'
import { receive, reply } from '../protobuf.js'
import { asSeenBy } from './access.js'
import { findReadable, treeOf } from './bucket-files.js'
import { type BucketContext, callerOf } from './context.js'
import { createBucket } from './create-bucket.js'
import { toLinks, toRoot } from './messages.js'
import { readPath } from './paths.js'

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
      const { bucket, seed, seedEntry } = await createBucket(blocks, {
        owner: caller.user,
        thread: caller.thread,
        name: request.getName(),
        isPrivate: request.getPrivate(),
        first: request.getBootstrapCid(),
      })
      buckets.put(bucket)
      const response = new pb.CreateResponse()
      response.setRoot(toRoot(bucket))
      response.setLinks(toLinks(context.url(), bucket, '', caller.token))
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
      findReadable(blocks, bucket, path)
      reply(call, toLinks(context.url(), bucket, path, token))
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

function archivingDisabled(): CallError {
  return new CallError(Status.Unknown, 'archiving feature is disabled')
}
