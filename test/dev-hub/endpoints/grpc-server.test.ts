import { once } from 'node:events'
import { constants } from 'node:http2'
import { connect } from 'node:net'
import threads from '@textile/threads-client-grpc/threads_pb.js'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type DevHub, startDevHub } from '../../../src/dev-hub/hub.js'
import { encodeFrame, MESSAGE_FLAG } from '../../../src/grpc/frames.js'
import { keyHeaders } from '../../support/api-key.js'
import { callByGrpc, openSession, startCall } from '../../support/grpc-call.js'
import { randomIdentity } from '../../support/identity.js'
import { freePort, takenPort } from '../../support/ports.js'

const GET_TOKEN = '/threads.pb.API/GetToken'
let hub: DevHub

beforeEach(async () => {
  hub = await startDevHub()
  onTestFinished(() => hub.close())
})

function credentials(): [string, string][] {
  return keyHeaders(hub.apiKeys[0])
}

function keyFrame(): Uint8Array {
  const request = new threads.GetTokenRequest()
  request.setKey(randomIdentity().pubkey)
  return encodeFrame(MESSAGE_FLAG, request.serializeBinary())
}

/** A session, closed with the test. */
async function session() {
  const opened = await openSession(hub.grpcUrl)
  onTestFinished(() => opened.destroy())
  return opened
}

/** Starts a login and waits for its challenge. */
async function challenged(on: Awaited<ReturnType<typeof session>>) {
  const stream = startCall(on, GET_TOKEN, credentials())
  stream.write(keyFrame())
  await once(stream, 'data')
  return stream
}

async function expectNoCallLeft(): Promise<void> {
  await vi.waitFor(() => expect(hub.openCalls).toBe(0))
}

describe('the native gRPC endpoint', () => {
  it.each([
    ['/threads.pb.API/Nope', 'unknown method Nope for service threads.pb.API'],
    ['/threads.pb.Nope/GetToken', 'unknown service threads.pb.Nope'],
    ['/GetToken', 'malformed method name: "/GetToken"'],
  ])('has no %s', async (path, message) => {
    const { status, headerBlocks } = await callByGrpc(hub.grpcUrl, path, [], () => {})
    expect(status).toEqual({ code: 12, message })
    expect(headerBlocks).toBe(1)
    await expectNoCallLeft()
  })

  it.each([
    ['has an unknown flag', [0x33, 0, 0, 0, 0], 8],
    ['announces 4 GiB', [0, 0xff, 0xff, 0xff, 0xff], 8],
    ['is no protobuf', [0, 0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff], 13],
  ])('ends a call whose frame %s', async (_name, bytes, code) => {
    const stream = startCall(await session(), GET_TOKEN, credentials())
    stream.write(Uint8Array.from(bytes))
    const [headers] = await once(stream, 'response')
    expect(headers['grpc-status']).toBe(String(code))
    await expectNoCallLeft()
  })

  it('takes a request in pieces', async () => {
    const stream = startCall(await session(), GET_TOKEN, credentials())
    for (const byte of keyFrame()) stream.write(Uint8Array.of(byte))
    const [reply] = await once(stream, 'data')
    expect(reply).toHaveLength(5 + 34)
  })

  it('says that it has given up on a signature to a caller who keeps the call open', async () => {
    const impatient = await startDevHub({ signatureTimeout: 0.1 })
    onTestFinished(() => impatient.close())
    hub = impatient
    const stream = await challenged(await session())
    const [trailers] = await once(stream, 'trailers')
    expect(trailers).toMatchObject({
      'grpc-status': '4',
      'grpc-message': 'Challenge deadline exceeded',
    })
    await once(stream, 'close')
    expect(stream.rstCode).toBe(constants.NGHTTP2_NO_ERROR)
    await expectNoCallLeft()
  })

  it('serves many calls on one session, each by itself', async () => {
    const shared = await session()
    const streams = await Promise.all(Array.from({ length: 20 }, () => challenged(shared)))
    expect(hub.openCalls).toBe(20)
    for (const stream of streams.slice(1)) stream.close(constants.NGHTTP2_CANCEL)
    await vi.waitFor(() => expect(hub.openCalls).toBe(1))
    streams[0]?.end()
    const [trailers] = await once(streams[0] ?? shared, 'trailers')
    expect(trailers).toMatchObject({ 'grpc-status': '2', 'grpc-message': 'EOF' })
    await expectNoCallLeft()
  })

  it('forgets callers who leave', async () => {
    const leaving = await session()
    await challenged(leaving)
    leaving.destroy()
    await expectNoCallLeft()
  })

  it('refuses what is no gRPC', async () => {
    const stream = (await session()).request({ ':path': GET_TOKEN, ':method': 'POST' })
    const [headers] = await once(stream, 'response')
    expect(headers[':status']).toBe(415)
  })

  it('survives garbage', async () => {
    const socket = connect(Number(new URL(hub.grpcUrl).port), '127.0.0.1')
    const closed = once(socket, 'close')
    socket.on('error', () => {})
    socket.resume()
    socket.write('GET / HTTP/1.1\r\n\r\n')
    await closed
    await challenged(await session())
  })

  it('cuts callers off without a word when it closes', async () => {
    const cut = await session()
    const stream = await challenged(cut)
    const words: string[] = []
    cut.on('goaway', () => words.push('goaway'))
    stream.on('trailers', () => words.push('trailers'))
    const closed = once(stream, 'close')
    await hub.close()
    await closed
    expect(words).toEqual([])
    hub = await startDevHub()
  })

  it('takes the gRPC-web endpoint with it where its port is taken', async () => {
    const [port, grpcPort] = [await freePort(), await takenPort()]
    await expect(startDevHub({ port, grpcPort })).rejects.toMatchObject({ port: grpcPort })
    const next = await startDevHub({ port })
    await next.close()
  })
})
