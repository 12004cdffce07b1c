import { ThreadID } from '@textile/hub'
import users from '@textile/users-grpc/api/usersd/pb/usersd_pb.js'
import { encodeFrame, MESSAGE_FLAG } from '../../src/grpc/frames.js'
import type { Script } from './faulty-hub.js'

/**
 * What a Hub does that lists threads of these names, whoever asks.
 *
 * @param received - takes the headers of each call
 */
export function listsThreads(names: readonly string[], received: Buffer[] = []): Script {
  const reply = new users.ListThreadsResponse()
  for (const name of names) {
    const thread = new users.GetThreadResponse()
    thread.setName(name)
    thread.setId(ThreadID.fromRandom().toBytes())
    reply.addList(thread)
  }
  return async (call) => {
    received.push(await call.receive())
    call.sendHeaders()
    call.send(encodeFrame(MESSAGE_FLAG, reply.serializeBinary()))
    call.end(0)
  }
}
