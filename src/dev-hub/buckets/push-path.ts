import pb from '@textile/buckets-grpc/api/bucketsd/pb/bucketsd_pb.js'
import { Status } from '../../grpc/status.js'
import { CallError, type HubCall, type Method } from '../call.js'
import { decode, receive, reply } from '../protobuf.js'
import { asSeenBy, checkMayWrite, fileKeyAt } from './access.js'
import { writeContent } from './bucket-files.js'
import { changeBucket, checkRoot } from './changes.js'
import { type BucketContext, callerOf } from './context.js'
import { CHUNK_BYTES } from './file-content.js'
import { toRoot } from './messages.js'
import { noHeader, putPushed, readFilePath, receiveInTime, watchCaller } from './transfer.js'

/** Makes `PushPath`: a header, then the content of one file. Its progress is told meanwhile. */
export function createPushPath(context: BucketContext): Method {
  const { buckets, blocks } = context
  return async (call) => {
    const caller = callerOf(context, call, true)
    const header = (await receive(call, pb.PushPathRequest)).getHeader()
    if (!header) throw noHeader()
    const path = readFilePath(header.getPath())
    const before = buckets.get(header.getKey(), caller.thread)
    checkRoot(before, header.getRoot())
    checkMayWrite(before, path, caller.user)
    const key = fileKeyAt(before, path)

    const checkCaller = watchCaller(call)
    const content = reportProgress(call, receiveContent(call))
    const entry = await writeContent(blocks, content, key)
    checkCaller()
    const put = putPushed(path, entry, key, caller.user)
    const changed = changeBucket(context, caller, before.key, header.getRoot(), put)
    const event = new pb.PushPathResponse.Event()
    event.setPath(`/ipfs/${entry.cid}`)
    event.setSize(String(entry.size))
    event.setRoot(toRoot(asSeenBy(changed.bucket, caller.user)))
    event.setPinned(changed.pinned)
    replyEvent(call, event)
  }
}

/** Yields the chunks that a caller pushes. */
async function* receiveContent(call: HubCall): AsyncGenerator<Uint8Array> {
  for (;;) {
    const bytes = await receiveInTime(call)
    if (!bytes) return
    const request = decode(pb.PushPathRequest, bytes)
    if (request.getPayloadCase() !== pb.PushPathRequest.PayloadCase.CHUNK) {
      throw new CallError(Status.Unknown, 'invalid request')
    }
    yield request.getChunk_asU8()
  }
}

/** Yields content, and tells the caller how much there was: now and then, and at the end. */
async function* reportProgress(
  call: HubCall,
  content: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let bytes = 0
  let reported = 0
  const report = () => {
    const event = new pb.PushPathResponse.Event()
    event.setBytes(bytes)
    replyEvent(call, event)
  }
  for await (const chunk of content) {
    yield chunk
    bytes += chunk.length
    if (bytes - reported < CHUNK_BYTES) continue
    reported = bytes
    report()
  }
  report()
}

function replyEvent(call: HubCall, event: pb.PushPathResponse.Event): void {
  const response = new pb.PushPathResponse()
  response.setEvent(event)
  reply(call, response)
}
