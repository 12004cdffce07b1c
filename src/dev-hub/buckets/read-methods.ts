import pb from '@textile/buckets-grpc/api/bucketsd/pb/bucketsd_pb.js'
import type { CID } from 'multiformats/cid'
import { withDeadline } from '../../deadline.js'
import { Status } from '../../grpc/status.js'
import { CallError, type HubCall, type Method } from '../call.js'
import { receive, reply, type WritableMessage } from '../protobuf.js'
import { asSeenBy, readableMetadata } from './access.js'
import type { BlockStore } from './block-store.js'
import { type Bucket, rootPathOf } from './bucket.js'
import { findInIpfs, findReadable, openBucketFile, openContent } from './bucket-files.js'
import { BucketTree, type Directory } from './bucket-tree.js'
import { type BucketContext, callerOf } from './context.js'
import { toMetadata, toRoot } from './messages.js'
import { namesOf, pathBelow, readPath } from './paths.js'
import { watchCaller } from './transfer.js'

/** The most of a file that one message has, in bytes, as at hubd. */
const MAX_CHUNK_BYTES = 32 * 1024

/** How long a caller may take to accept what it pulls, in seconds. */
const TAKE_TIMEOUT = 60

/** The methods that list directories and pull files, by path. */
export function createReadMethods(context: BucketContext): Record<string, Method> {
  const { authorization, registry, buckets, blocks } = context
  return {
    '/api.bucketsd.pb.APIService/ListPath': async (call) => {
      const { thread, user } = callerOf(context, call, true)
      const request = await receive(call, pb.ListPathRequest)
      const bucket = asSeenBy(buckets.get(request.getKey(), thread), user)
      const path = readPath(request.getPath())
      const { tree, cid } = findReadable(blocks, bucket, path)
      const name = namesOf(path).at(-1) ?? bucket.name
      const response = new pb.ListPathResponse()
      const place = { path: [rootPathOf(bucket), ...namesOf(path)].join('/'), within: path }
      response.setItem(list({ blocks, tree, bucket }, cid, { ...place, name }))
      response.setRoot(toRoot(bucket))
      reply(call, response)
    },

    '/api.bucketsd.pb.APIService/ListIpfsPath': async (call) => {
      registry.findNamed(call, authorization.callerOf(call))
      const request = await receive(call, pb.ListIpfsPathRequest)
      const { root, path, tree, cid } = findInIpfs(blocks, request.getPath())
      const name = namesOf(path).at(-1) ?? root.toString()
      const response = new pb.ListIpfsPathResponse()
      const place = { path: [`/ipfs/${root}`, ...namesOf(path)].join('/'), within: path, name }
      response.setItem(list({ blocks, tree }, cid, place))
      reply(call, response)
    },

    '/api.bucketsd.pb.APIService/PullPath': async (call) => {
      const { thread, user } = callerOf(context, call, true)
      const request = await receive(call, pb.PullPathRequest)
      const bucket = asSeenBy(buckets.get(request.getKey(), thread), user)
      const file = await openBucketFile(blocks, bucket, readPath(request.getPath()))
      await send(call, file.read(), (chunk) => {
        const response = new pb.PullPathResponse()
        response.setChunk(chunk)
        return response
      })
    },

    '/api.bucketsd.pb.APIService/PullIpfsPath': async (call) => {
      registry.findNamed(call, authorization.callerOf(call))
      const request = await receive(call, pb.PullIpfsPathRequest)
      const { tree, cid } = findInIpfs(blocks, request.getPath())
      const file = await openContent(blocks, tree, cid, undefined)
      await send(call, file.read(), (chunk) => {
        const response = new pb.PullIpfsPathResponse()
        response.setChunk(chunk)
        return response
      })
    },
  }
}

/** Sends a file as fast as the caller takes it. */
async function send(
  call: HubCall,
  content: AsyncIterable<Uint8Array>,
  toMessage: (chunk: Uint8Array) => WritableMessage,
): Promise<void> {
  const checkCaller = watchCaller(call)
  const late = () => new CallError(Status.DeadlineExceeded, 'the caller takes no more of the file')
  for await (const block of content) {
    for (let start = 0; start < block.length; start += MAX_CHUNK_BYTES) {
      reply(call, toMessage(block.subarray(start, start + MAX_CHUNK_BYTES)))
    }
    await withDeadline(TAKE_TIMEOUT, call.drained(), late)
    checkCaller()
  }
}

/** Where something is listed. */
interface ListedAt {
  /** From the root on: `/ipfs/<cid>/<path>`. */
  readonly path: string
  /** Within the bucket. */
  readonly within: string
  readonly name: string
}

/** What is listed: directories of a bucket, or of IPFS where there is none. */
interface Listed {
  readonly blocks: BlockStore
  readonly tree: BucketTree
  readonly bucket?: Bucket
}

/** Describes a file, or a directory with what it holds. */
function list(listed: Listed, cid: CID, at: ListedAt): pb.PathItem {
  const directory = listed.tree.open(cid)
  const item = describe(listed, cid, directory, at)
  for (const { Name: name = '', Hash: child } of directory?.links ?? []) {
    const place = { path: `${at.path}/${name}`, within: pathBelow(at.within, name), name }
    item.addItems(describe(listed, child, listed.tree.open(child), place))
  }
  return item
}

/** @param directory - what `cid` leads to; missing where that is a file */
function describe(
  { blocks, bucket }: Listed,
  cid: CID,
  directory: Directory | undefined,
  { path, within, name }: ListedAt,
): pb.PathItem {
  const item = new pb.PathItem()
  const shown = directory?.listed ?? { cid, size: new BucketTree(blocks).sizeOf(cid) }
  item.setCid(shown.cid.toString())
  item.setName(name)
  item.setPath(path)
  item.setSize(shown.size)
  item.setIsDir(directory !== undefined)
  item.setItemsCount(directory?.links.length ?? 0)
  if (bucket) item.setMetadata(toMetadata(readableMetadata(bucket, within)))
  return item
}
