import { once } from 'node:events'
import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from 'node:http2'
import { withDeadline } from '../../src/deadline.js'
import { encodeFrame, FrameReader, MESSAGE_FLAG } from '../../src/grpc/frames.js'
import { type CallStatus, readStatus } from '../../src/grpc/status.js'
import type { Caller, CallRecord } from './caller.js'

/** Opens an HTTP/2 session to the gRPC endpoint at a `grpc://` address. */
export async function openSession(url: string): Promise<ClientHttp2Session> {
  const session = connect(url.replace(/^grpc/, 'http'))
  session.on('error', () => {})
  await once(session, 'connect')
  return session
}

/** Starts a call on a session and leaves its course to the caller. */
export function startCall(
  session: ClientHttp2Session,
  path: string,
  metadata: Iterable<readonly [string, string]> = [],
) {
  const stream = session.request(
    {
      ...Object.fromEntries(metadata),
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    },
    { endStream: false },
  )
  stream.on('error', () => {})
  return stream
}

/** Makes one call by native gRPC, on a session of its own. */
export async function callByGrpc(
  url: string,
  path: string,
  metadata: Iterable<readonly [string, string]>,
  drive: (caller: Caller) => void,
  onReply: (reply: Uint8Array, caller: Caller) => void = () => {},
): Promise<CallRecord> {
  const session = await openSession(url)
  try {
    return await record(startCall(session, path, metadata), drive, onReply)
  } finally {
    session.close()
  }
}

async function record(
  stream: ReturnType<typeof startCall>,
  drive: (caller: Caller) => void,
  onReply: (reply: Uint8Array, caller: Caller) => void,
): Promise<CallRecord> {
  const caller: Caller = {
    send: (message) => stream.write(encodeFrame(MESSAGE_FLAG, message)),
    end: () => stream.end(),
    leave: () => stream.close(constants.NGHTTP2_CANCEL),
  }
  const reader = new FrameReader(10_000_000)
  const replies: Uint8Array[] = []
  let headerBlocks = 0
  let status: CallStatus | undefined
  const takeFields = (fields: IncomingHttpHeaders) => {
    headerBlocks += 1
    status = readStatus(
      new Map(Object.entries(fields).map(([name, value]) => [name, String(value)])),
    )
  }
  stream.on('response', takeFields)
  stream.on('trailers', takeFields)
  stream.on('data', (chunk: Buffer) => {
    for (const { data } of reader.push(chunk)) {
      replies.push(data)
      onReply(data, caller)
    }
  })
  const closed = once(stream, 'close')
  drive(caller)
  await withDeadline(10, closed, () => new Error('the call does not end'))
  return { status, replies, headerBlocks, closeCode: stream.rstCode }
}
