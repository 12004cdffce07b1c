import { PassThrough } from 'node:stream'
import pb from '@textile/buckets-grpc/api/bucketsd/pb/bucketsd_pb.js'
import { createPendingFailure } from '../../deadline.js'
import { Status } from '../../grpc/status.js'
import { CallError, type HubCall, type Method } from '../call.js'
import { decode, receive, reply } from '../protobuf.js'
import { asSeenBy, checkMayWrite, fileKeyAt } from './access.js'
import { type Bucket, rootPathOf } from './bucket.js'
import { writeContent } from './bucket-files.js'
import { changeBucket, checkRoot } from './changes.js'
import { type BucketCaller, type BucketContext, callerOf } from './context.js'
import type { Entry } from './file-content.js'
import { toRoot } from './messages.js'
import { noHeader, putPushed, readFilePath, receiveInTime, watchCaller } from './transfer.js'

/**
 * Makes `PushPaths`: a header, then chunks of any number of files, which may interleave; an empty
 * chunk ends a file. Each file is answered when it is in the bucket.
 */
export function createPushPaths(context: BucketContext): Method {
  return async (call) => {
    const caller = callerOf(context, call, false)
    const header = (await receive(call, pb.PushPathsRequest)).getHeader()
    if (!header) throw noHeader()
    const bucket = context.buckets.get(header.getKey(), caller.thread)
    checkRoot(bucket, header.getRoot())
    const push = new FilesPush(context, call, caller, bucket, header.getRoot())
    try {
      await Promise.race([push.receiveAll(), push.failed])
    } finally {
      push.abort()
    }
  }
}

/** The files that one call pushes. */
class FilesPush {
  readonly #context: BucketContext
  readonly #call: HubCall
  readonly #checkCaller: () => void
  readonly #caller: BucketCaller
  readonly #bucket: Bucket
  /** The content of files whose end has not come, by path. */
  readonly #open = new Map<string, PassThrough>()
  /** The files that are not in the bucket yet. */
  readonly #pending = new Set<Promise<void>>()
  readonly #failure = createPendingFailure()
  /** Rejects with the first error of a file. */
  readonly failed = this.#failure.promise
  /** The root that the bucket must have: ours, once we have changed it. */
  #root: string
  #pinned = 0

  constructor(
    context: BucketContext,
    call: HubCall,
    caller: BucketCaller,
    bucket: Bucket,
    root: string,
  ) {
    this.#context = context
    this.#call = call
    this.#checkCaller = watchCaller(call)
    this.#caller = caller
    this.#bucket = bucket
    this.#root = root
  }

  /** Receives all files and returns when they are in the bucket. */
  async receiveAll(): Promise<void> {
    for (;;) {
      const bytes = await receiveInTime(this.#call)
      if (!bytes) break
      const chunk = decode(pb.PushPathsRequest, bytes).getChunk()
      if (!chunk) throw new CallError(Status.Unknown, 'invalid request')
      await this.#take(readFilePath(chunk.getPath()), chunk.getData_asU8())
    }
    const [unfinished] = this.#open.keys()
    if (unfinished) throw new CallError(Status.Unknown, `the end of ${unfinished} did not come`)
    await Promise.all(this.#pending)
  }

  /** Gives up the files that are not in the bucket yet. */
  abort(): void {
    for (const content of this.#open.values()) content.destroy()
  }

  async #take(path: string, data: Uint8Array): Promise<void> {
    const content = this.#open.get(path) ?? this.#begin(path)
    if (data.length === 0) {
      this.#open.delete(path)
      content.end()
    } else if (!content.write(data)) {
      await drained(content)
    }
  }

  #begin(path: string): PassThrough {
    checkMayWrite(this.#bucket, path, this.#caller.user)
    const key = fileKeyAt(this.#bucket, path)
    const content = new PassThrough()
    this.#open.set(path, content)
    // What is wrong with a file, its writer is told, too.
    content.on('error', () => {})
    const written = writeContent(this.#context.blocks, content, key)
      .then((entry) => this.#link(path, entry, key))
      .catch((error: unknown) => this.#failure.reject(error))
      .finally(() => this.#pending.delete(written))
    this.#pending.add(written)
    return content
  }

  #link(path: string, entry: Entry, key: Uint8Array | undefined): void {
    this.#checkCaller()
    const { bucket, pinned } = changeBucket(
      this.#context,
      this.#caller,
      this.#bucket.key,
      this.#root,
      putPushed(path, entry, key, this.#caller.user),
    )
    if (this.#root !== '') this.#root = rootPathOf(bucket)
    this.#pinned += pinned
    const response = new pb.PushPathsResponse()
    response.setPath(path)
    response.setCid(entry.cid.toString())
    response.setSize(entry.size)
    response.setPinned(this.#pinned)
    response.setRoot(toRoot(asSeenBy(bucket, this.#caller.user)))
    reply(this.#call, response)
  }
}

/** Waits until a stream takes more, or is closed. */
function drained(stream: PassThrough): Promise<void> {
  if (stream.destroyed) return Promise.resolve()
  return new Promise((resolve) => {
    const settle = () => {
      stream.off('drain', settle)
      stream.off('close', settle)
      resolve()
    }
    stream.on('drain', settle)
    stream.on('close', settle)
  })
}
