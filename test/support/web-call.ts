import { once } from 'node:events'
import { WebSocket } from 'ws'
import { withDeadline } from '../../src/deadline.js'
import {
  decodeFields,
  encodeFields,
  encodeFrame,
  FIELDS_FLAG,
  FrameReader,
  MESSAGE_FLAG,
} from '../../src/grpc/frames.js'
import { type CallStatus, readStatus } from '../../src/grpc/status.js'
import type { Caller, CallRecord } from './caller.js'

/** Speaks gRPC-web over WebSocket by itself, without the SDK: one call. */
export async function callByWeb(
  url: string,
  path: string,
  metadata: Iterable<readonly [string, string]>,
  drive: (caller: Caller) => void,
  onReply: (reply: Uint8Array, caller: Caller) => void = () => {},
): Promise<CallRecord> {
  const socket = new WebSocket(url.replace(/^http/, 'ws') + path, 'grpc-websockets')
  await once(socket, 'open')
  const caller: Caller = {
    send: (message) =>
      socket.send(Buffer.concat([Uint8Array.of(0), encodeFrame(MESSAGE_FLAG, message)])),
    end: () => socket.send(Uint8Array.of(1)),
    leave: () => socket.terminate(),
  }
  const reader = new FrameReader(10_000_000)
  const replies: Uint8Array[] = []
  let headerBlocks = 0
  let status: CallStatus | undefined
  socket.on('message', (data: Buffer) => {
    for (const frame of reader.push(data)) {
      if (frame.flag === FIELDS_FLAG) {
        headerBlocks += 1
        status = readStatus(decodeFields(frame.data))
      } else {
        replies.push(frame.data)
        onReply(frame.data, caller)
      }
    }
  })
  const closed = once(socket, 'close')
  socket.send(encodeFields(metadata))
  drive(caller)
  const [closeCode] = await withDeadline(10, closed, () => new Error('the call does not end'))
  return { status, replies, headerBlocks, closeCode }
}
