import pb from '@textile/buckets-grpc/api/bucketsd/pb/bucketsd_pb.js'
import { Status } from '../../grpc/status.js'
import { CallError, type Method } from '../call.js'
import { receive, reply } from '../protobuf.js'
import { asSeenBy, checkMayRemove, checkMayWrite, readableMetadata } from './access.js'
import { type Bucket, forget, forgetBelow, now, rootPathOf, touch } from './bucket.js'
import { adopt, copy, placeIn, treeOf } from './bucket-files.js'
import type { BucketTree } from './bucket-tree.js'
import { changeBucket } from './changes.js'
import { type BucketContext, callerOf } from './context.js'
import { toRoot } from './messages.js'
import { namesOf, readChangeablePath, readCid, readPath, SEED_NAME } from './paths.js'
import { createSeed } from './seed.js'

/** The methods that change what paths of a bucket lead to, by path. */
export function createPathMethods(context: BucketContext): Record<string, Method> {
  const { buckets, blocks } = context
  return {
    '/api.bucketsd.pb.APIService/SetPath': async (call) => {
      const caller = callerOf(context, call, true)
      const request = await receive(call, pb.SetPathRequest)
      const path = readChangeablePath(request.getPath())
      const cid = readCid(request.getCid())
      const before = buckets.get(request.getKey(), caller.thread)
      checkMayWrite(before, path, caller.user)
      const place = placeIn(touch(before, path, 0), treeOf(blocks, before), path)
      const adopted = adopt(blocks, cid, place)
      const entry = adopted instanceof Promise ? await adopted : adopted
      const root = rootPathOf(before)
      const { pinned } = changeBucket(context, caller, before.key, root, (bucket, tree) => {
        const changed = touch(bucket, path, now())
        if (path !== '')
          return { ...changed, root: tree.put(bucket.root, namesOf(path), entry).cid }
        const { seedEntry } = createSeed(blocks, place.keyAt(SEED_NAME))
        const renewed = touch(changed, SEED_NAME, changed.updatedAt)
        return { ...renewed, root: tree.put(entry.cid, [SEED_NAME], seedEntry).cid }
      })
      const response = new pb.SetPathResponse()
      response.setPinned(pinned)
      reply(call, response)
    },

    '/api.bucketsd.pb.APIService/MovePath': async (call) => {
      const caller = callerOf(context, call, true)
      const request = await receive(call, pb.MovePathRequest)
      const from = readChangeablePath(request.getFromPath())
      const to = readChangeablePath(request.getToPath())
      if (from === '') throw new CallError(Status.Unknown, 'root cannot be moved')
      if (from === to) throw new CallError(Status.Unknown, 'path is destination')
      const before = buckets.get(request.getKey(), caller.thread)
      readableMetadata(asSeenBy(before, caller.user), from)
      const tree = treeOf(blocks, before)
      const moved = tree.resolve(before.root, namesOf(from))
      const target = targetOf(tree, before, { from, to })
      if (target === from) {
        reply(call, new pb.MovePathResponse())
        return
      }
      checkMayWrite(before, target, caller.user)
      if (caller.user !== before.owner) checkMayRemove(before, from, caller.user)
      const after = touch(forgetBelow(before, from), target, 0)
      const entry = before.linkKey
        ? await copy(blocks, moved, placeIn(before, tree, from), placeIn(after, tree, target))
        : { cid: moved, size: tree.sizeOf(moved) }
      changeBucket(context, caller, before.key, rootPathOf(before), (bucket) => {
        const removed = tree.remove(bucket.root, namesOf(from))
        return {
          ...touch(forgetBelow(bucket, from), target, now()),
          root: tree.put(removed.cid, namesOf(target), entry).cid,
        }
      })
      reply(call, new pb.MovePathResponse())
    },

    '/api.bucketsd.pb.APIService/RemovePath': async (call) => {
      const caller = callerOf(context, call, true)
      const request = await receive(call, pb.RemovePathRequest)
      const path = readChangeablePath(request.getPath())
      if (path === '') throw new CallError(Status.Unknown, 'root cannot be removed')
      const [key, root] = [request.getKey(), request.getRoot()]
      const { bucket, pinned } = changeBucket(context, caller, key, root, (before, tree) => {
        checkMayRemove(before, path, caller.user)
        const { cid } = tree.remove(before.root, namesOf(path))
        return { ...forget(before, path, now()), root: cid }
      })
      const response = new pb.RemovePathResponse()
      response.setRoot(toRoot(asSeenBy(bucket, caller.user)))
      response.setPinned(pinned)
      reply(call, response)
    },
  }
}

/** Where a path moves to: into the destination, where that is a directory already. */
function targetOf(
  tree: BucketTree,
  { root }: Bucket,
  { from, to }: { readonly from: string; readonly to: string },
): string {
  const isDirectoryAt = (path: string): boolean | undefined => {
    const cid = tree.lookUp(root, namesOf(path))
    return cid && tree.open(cid) !== undefined
  }
  const isDirectory = isDirectoryAt(to)
  if (isDirectory) return readPath(`${to}/${namesOf(from).at(-1)}`)
  if (isDirectory === false && isDirectoryAt(from)) {
    throw new CallError(Status.Unknown, 'destination is not a directory')
  }
  return to
}
