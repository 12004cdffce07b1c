import pb from '@textile/buckets-grpc/api/bucketsd/pb/bucketsd_pb.js'
import type { CID } from 'multiformats/cid'
import { withDeadline } from '../../deadline.js'
import { Status } from '../../grpc/status.js'
import { CallError, type HubCall, type Method } from '../call.js'
import { receive, reply } from '../protobuf.js'
import { asSeenBy, readableMetadata } from './access.js'
import type { BlockStore } from './block-store.js'
import { type Bucket, rootPathOf } from './bucket.js'
import { openBucketFile, treeOf } from './bucket-files.js'
import { BucketTree } from './bucket-tree.js'
import { type BucketContext, callerOf } from './context.js'
import { isDirectory, openFile } from './file-content.js'
import { toMetadata, toRoot } from './messages.js'
import { namesOf, readIpfsPath, readPath } from './paths.js'
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
      readableMetadata(bucket, path)
      const tree = treeOf(blocks, bucket)
      const cid = tree.resolve(bucket.root, namesOf(path))
      const name = namesOf(path).at(-1) ?? bucket.name
      const response = new pb.ListPathResponse()
      const place = { path: [rootPathOf(bucket), ...namesOf(path)].join('/'), within: path }
      response.setItem(list({ blocks, tree, bucket }, cid, { ...place, name }))
      response.setRoot(toRoot(bucket))
      reply(call, response)
    },

    '/api.bucketsd.pb.APIService/ListIpfsPath': async (call) => {
      registry.findNamed(call, authorization.callerOf(call))
      const { root, path } = readIpfsPath((await receive(call, pb.ListIpfsPathRequest)).getPath())
      const tree = new BucketTree(blocks)
      const cid = tree.resolve(root, namesOf(path))
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
      const { root, path } = readIpfsPath((await receive(call, pb.PullIpfsPathRequest)).getPath())
      const tree = new BucketTree(blocks)
      const cid = tree.resolve(root, namesOf(path))
      if (tree.open(cid)) throw isDirectory()
      const file = await openFile(blocks, cid)
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
  toMessage: (chunk: Uint8Array) => { serializeBinary(): Uint8Array },
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
  const item = describe(listed, cid, at)
  const directory = listed.tree.open(cid)
  for (const { Name: name = '', Hash: child } of directory?.links ?? []) {
    const within = at.within === '' ? name : `${at.within}/${name}`
    item.addItems(describe(listed, child, { path: `${at.path}/${name}`, within, name }))
  }
  return item
}

function describe(
  { blocks, tree, bucket }: Listed,
  cid: CID,
  { path, within, name }: ListedAt,
): pb.PathItem {
  const item = new pb.PathItem()
  const directory = tree.open(cid)
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
