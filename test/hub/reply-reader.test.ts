import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { FrameReader } from '../../src/grpc/frames.js'
import { ReplyReader } from '../../src/hub/reply-reader.js'
import { startFaultyGrpcHub } from '../support/faulty-grpc-hub.js'
import { challengeReply, type Script } from '../support/faulty-hub.js'
import { startFaultyWebHub } from '../support/faulty-web-hub.js'
import { connectForTest } from '../support/token-calls.js'

const hubs = {
  'native gRPC': startFaultyGrpcHub,
  'gRPC-web': startFaultyWebHub,
}

/** Sends bytes a few at a time, each in a frame of HTTP/2 or a message of WebSocket of its own. */
function sendInPieces(bytes: Uint8Array, size: number): Script {
  return async (call) => {
    await call.receiveKey()
    call.sendHeaders()
    for (let at = 0; at < bytes.length; at += size) {
      call.send(bytes.subarray(at, at + size))
      if (at % (100 * size) === 0) await new Promise(setImmediate)
    }
  }
}

describe.each(Object.entries(hubs))('a reply by %s', (_name, startHub) => {
  it('is read from pieces of a byte', async () => {
    const challenge = randomBytes(1_000)
    const hub = await startHub(sendInPieces(challengeReply(challenge), 1))
    const call = connectForTest(hub.url).startLogin()
    expect(Buffer.compare(await call.challenge, challenge)).toBe(0)
  })

  const tooMuch: Record<string, Uint8Array> = {
    'that is announced': Uint8Array.of(0, 0, 0x3d, 0, 0),
    'in one message': challengeReply(randomBytes(4_000_000)),
    'in many messages': Buffer.concat(Array(100).fill(challengeReply(randomBytes(1)))),
  }

  it.each(Object.entries(tooMuch))('fails with too much %s', async (_what, bytes) => {
    const hub = await startHub(sendInPieces(bytes, 64 * 1024))
    const call = connectForTest(hub.url).startLogin()
    await expect(call.failed).rejects.toThrow('the Hub replied too much')
  })
})

it('stops reading a reply of 4 MB in pieces of 64 bytes once it has announced itself', () => {
  const reader = new ReplyReader()
  const reply = challengeReply(new Uint8Array(4_000_000))
  expect(() => reader.push(reply.subarray(0, 64))).toThrow('the Hub replied too much')
  expect(reader.hasMessage).toBe(true)
})

it('has no message where a block of headers is too long', () => {
  const reader = new ReplyReader()
  expect(() => reader.push(Uint8Array.of(0x80, 0, 0x3d, 0, 0))).toThrow('the Hub replied too much')
  expect(reader.hasMessage).toBe(false)
})

it('leaves the frames of the built-in Hub their 4 MB', () => {
  const reader = new FrameReader(4 * 1024 * 1024)
  const request = challengeReply(new Uint8Array(4_000_000))
  expect(reader.push(request)).toHaveLength(1)
})
