import { once } from 'node:events'
import threads from '@textile/threads-client-grpc/threads_pb.js'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { WebSocket } from 'ws'
import { type DevHub, startDevHub } from '../../../src/dev-hub/hub.js'
import { encodeFields, encodeFrame, MESSAGE_FLAG } from '../../../src/grpc/frames.js'
import { keyHeaders } from '../../support/api-key.js'
import { countResources } from '../../support/count-resources.js'
import { randomIdentity } from '../../support/identity.js'
import { callByWeb } from '../../support/web-call.js'

const GET_TOKEN = '/threads.pb.API/GetToken'
let hub: DevHub

beforeEach(async () => {
  hub = await startDevHub({ signatureTimeout: 0.1 })
  onTestFinished(() => hub.close())
})

function credentials(): [string, string][] {
  return keyHeaders(hub.apiKeys[0])
}

function keyRequest(): Uint8Array {
  const request = new threads.GetTokenRequest()
  request.setKey(randomIdentity().pubkey)
  return request.serializeBinary()
}

async function open(path = GET_TOKEN): Promise<WebSocket> {
  const socket = new WebSocket(hub.url.replace(/^http/, 'ws') + path, 'grpc-websockets')
  await once(socket, 'open')
  return socket
}

async function expectNoCallLeft(): Promise<void> {
  await vi.waitFor(() => expect(hub.openCalls).toBe(0))
}

describe('the gRPC-web endpoint', () => {
  it('gives up on a signature that does not come', async () => {
    const { status, replies } = await callByWeb(hub.url, GET_TOKEN, credentials(), (to) =>
      to.send(keyRequest()),
    )
    expect(status).toEqual({ code: 4, message: 'Challenge deadline exceeded' })
    expect(replies).toHaveLength(1)
    await expectNoCallLeft()
  })

  it('answers a request that is no protobuf', async () => {
    const { status } = await callByWeb(hub.url, GET_TOKEN, credentials(), (to) =>
      to.send(Buffer.alloc(20, 0xff)),
    )
    expect(status?.code).toBe(13)
  })

  it.each([
    ['does not start with 0 or 1', [7], 13],
    ['has an unknown flag', [0, 0x33, 0, 0, 0, 0], 8],
    ['announces 4 GiB', [0, 0, 0xff, 0xff, 0xff, 0xff], 8],
  ])('ends a call whose frame %s', async (_name, bytes, code) => {
    const socket = await open()
    const frames: Buffer[] = []
    socket.on('message', (frame: Buffer) => frames.push(frame))
    socket.send(encodeFields(credentials()))
    socket.send(Uint8Array.from(bytes))
    const [closeCode] = await once(socket, 'close')
    expect(closeCode).toBe(1000)
    expect(Buffer.concat(frames).toString()).toContain(`grpc-status: ${code}\r\n`)
  })

  it('takes a request in pieces', async () => {
    const socket = await open()
    const frames: Buffer[] = []
    socket.on('message', (frame: Buffer) => frames.push(frame))
    socket.send(encodeFields(credentials()))
    for (const byte of encodeFrame(MESSAGE_FLAG, keyRequest())) socket.send(Uint8Array.of(0, byte))
    await once(socket, 'close')
    // Headers, challenge, status.
    expect(frames).toHaveLength(3)
    expect(frames[1]).toHaveLength(5 + 34)
  })

  it('forgets callers who leave at any point', async () => {
    ;(await open()).terminate()
    const withHeaders = await open()
    withHeaders.send(encodeFields(credentials()))
    withHeaders.terminate()
    const waiting = await open()
    waiting.send(encodeFields(credentials()))
    waiting.send(Buffer.concat([Uint8Array.of(0), encodeFrame(MESSAGE_FLAG, keyRequest())]))
    await once(waiting, 'message')
    waiting.terminate()
    await expectNoCallLeft()
  })

  it('keeps no timer for callers who leave before their headers', async () => {
    const timers = () => countResources().Timeout ?? 0
    const before = timers()
    for (let round = 0; round < 10; round += 1) (await open()).terminate()
    await expectNoCallLeft()
    // Those of the one who waits here, beside what ran before.
    await vi.waitFor(() => expect(timers()).toBeLessThan(before + 5), { timeout: 5_000 })
  })

  it('is for WebSockets only', async () => {
    expect((await fetch(hub.url)).status).toBe(404)
  })

  it('has no method but those of the SDK', async () => {
    await expect(open('/')).rejects.toThrow('403')
    await expect(open(`${GET_TOKEN}/`)).rejects.toThrow('403')
  })

  it('cuts callers off when it closes', async () => {
    const socket = await open()
    const closed = once(socket, 'close')
    await hub.close()
    expect((await closed)[0]).toBe(1006)
    hub = await startDevHub()
  })
})
