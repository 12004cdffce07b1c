import { randomBytes } from 'node:crypto'
import users from '@textile/users-grpc/api/usersd/pb/usersd_pb.js'
import { expect, it } from 'vitest'
import { encodeFrame, MESSAGE_FLAG } from '../../src/grpc/frames.js'
import { checkKey } from '../../src/hub/key-check.js'
import { startFaultyGrpcHub } from '../support/faulty-grpc-hub.js'
import type { FaultyCall } from '../support/faulty-hub.js'
import { startFaultyWebHub } from '../support/faulty-web-hub.js'
import { connectForTest } from '../support/token-calls.js'

const API_KEY = { key: 'bkey', secret: randomBytes(24) }

const hubs = {
  'native gRPC': startFaultyGrpcHub,
  'gRPC-web': startFaultyWebHub,
}

/** The reply of a Hub that lists threads with names of so many bytes in all. */
function listOf(bytes: number): Uint8Array {
  const list = new users.ListThreadsResponse()
  for (let listed = 0; listed < bytes; listed += 1_000) {
    const thread = new users.GetThreadResponse()
    thread.setName('x'.repeat(1_000))
    list.addList(thread)
  }
  return encodeFrame(MESSAGE_FLAG, list.serializeBinary())
}

/** Whatever a Hub does that lists threads without having been shown a token. */
const replies: Record<string, (call: FaultyCall) => void> = {
  'no threads': (call) => {
    call.send(listOf(0))
    call.end(0)
  },
  '60 kB of threads': (call) => {
    call.send(listOf(60_000))
    call.end(0)
  },
  '1 MB of threads': (call) => {
    call.send(listOf(1_000_000))
    call.end(0)
  },
  'threads, and ends with a code': (call) => {
    call.send(listOf(1_000))
    call.end(13)
  },
  'threads, and does not end': (call) => call.send(listOf(1_000)),
  'what is no list of threads': (call) => {
    call.send(encodeFrame(MESSAGE_FLAG, Uint8Array.of(0xff, 0xff)))
    call.end(0)
  },
}

const cases = Object.entries(hubs).flatMap(([name, startHub]) =>
  Object.entries(replies).map(([what, reply]) => ({ name, startHub, what, reply })),
)

it.each(cases)('an account key is told by $name where the Hub replies $what', async (test) => {
  const hub = await test.startHub(async (call) => {
    await call.receive()
    call.sendHeaders()
    test.reply(call)
  })
  const { connection } = connectForTest(hub.url)
  const kind = await checkKey(connection, API_KEY, 1)
  expect(kind).toMatchObject({ action: 'refuse', text: expect.stringContaining('account key') })
})
