import { randomBytes } from 'node:crypto'
import { constants } from 'node:http2'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { startDevHub } from '../../../src/dev-hub/hub.js'
import { Status } from '../../../src/grpc/status.js'
import { connectToHub } from '../../../src/hub/connect.js'
import { checkKey } from '../../../src/hub/key-check.js'
import { SdkHub } from '../../../src/hub/sdk-hub.js'
import { verifyToken } from '../../../src/keys/token.js'
import { decodeKey } from '../../support/api-key.js'
import { type FaultyGrpcCall, startFaultyGrpcHub } from '../../support/faulty-grpc-hub.js'
import { challengeReply, tokenReply } from '../../support/faulty-hub.js'
import { randomIdentity } from '../../support/identity.js'
import { connectForTest, finishLogin, giveToken, upToSignature } from '../../support/token-calls.js'

/** A Hub that ends logins in its own way, once it has the signature. */
async function hubEnding(end: (call: FaultyGrpcCall) => void) {
  return startFaultyGrpcHub(async (call) => {
    await upToSignature(call)
    end(call)
  })
}

/**
 * Node 26.10 itself aborts (`Http2Stream::OnTrailers`, `!this->is_destroyed()`) in an HTTP/2 server
 * that answers a stream, is to send trailers, and resets it with CANCEL; the built-in Hub doesn't.
 */
const canCancel = Number(process.versions.node.split('.')[0]) < 26

describe('a call by native gRPC', () => {
  it('logs in and lists threads at the dev Hub', async () => {
    const devHub = await startDevHub()
    onTestFinished(() => devHub.close())
    const apiKey = decodeKey(devHub.apiKeys[0])
    const connection = connectToHub(devHub.grpcUrl)
    onTestFinished(() => connection.close())

    const identity = randomIdentity()
    const call = new SdkHub(connection).requestToken(identity.pubkey, apiKey)
    const token = await call.answer(identity.sign(await call.challenge))
    expect(verifyToken(token)).toMatchObject({ sub: identity.pubkey, iss: devHub.issuer })
    expect(await checkKey(connection, apiKey, 5)).toMatchObject({ action: 'run', text: '' })
    await vi.waitFor(() => expect(devHub.openCalls).toBe(0))
  })

  it("has gRPC's headers and the SDK's, and none of gRPC-web's", async () => {
    const hub = await startFaultyGrpcHub(giveToken)
    await finishLogin(connectForTest(hub.url).startLogin())
    const headers = Object.entries(hub.sessions[0]?.calls[0]?.headers ?? {})
    expect(Object.fromEntries(headers)).toEqual({
      ':method': 'POST',
      ':scheme': 'http',
      ':authority': hub.url.slice('grpc://'.length),
      ':path': '/threads.pb.API/GetToken',
      'content-type': 'application/grpc+proto',
      te: 'trailers',
      'x-textile-api-key': 'bkey',
      'x-textile-api-sig': expect.any(String),
      'x-textile-api-sig-msg': expect.any(String),
    })
  })

  it.each([
    ['in trailers', (call: FaultyGrpcCall) => call.challenge()],
    ['in headers alone', () => {}],
  ])('fails with the status that comes %s', async (_where, begin) => {
    const hub = await startFaultyGrpcHub(async (call) => {
      begin(call)
      call.end(Status.Unauthenticated, 'Bad%20API%20key%20signature')
    })
    await expect(connectForTest(hub.url).startLogin().failed).rejects.toMatchObject({
      status: { code: Status.Unauthenticated, message: 'Bad API key signature' },
    })
    await vi.waitFor(() => expect(hub.openCalls).toBe(0))
  })

  it('succeeds though the status comes after all else has ended', async () => {
    const hub = await hubEnding((call) => {
      call.send(tokenReply('late'))
      call.stream.removeAllListeners('wantTrailers')
      call.stream.on('wantTrailers', () => {
        setImmediate(() => call.stream.sendTrailers({ 'grpc-status': '0' }))
      })
      call.stream.end()
    })
    expect(await finishLogin(connectForTest(hub.url).startLogin())).toBe('late')
  })

  const endings: Record<string, { end: (call: FaultyGrpcCall) => void; text: string }> = {
    'without a status': {
      end: (call) => {
        call.send(tokenReply('token'))
        call.close()
      },
      text: 'without a status',
    },
    ...(canCancel && {
      'by a reset with CANCEL': {
        end: ({ stream }: FaultyGrpcCall) => stream.close(constants.NGHTTP2_CANCEL),
        text: 'without a status',
      },
    }),
    'by a reset with INTERNAL_ERROR': {
      end: ({ stream }) => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
      text: 'the connection to the Hub failed',
    },
    'well, but inside a reply': {
      end: (call) => {
        call.send(tokenReply('token'), Uint8Array.of(0, 0, 0, 0, 9, 1))
        call.end(0)
      },
      text: 'inside a reply',
    },
    "with gRPC-web's trailers": {
      end: (call) => call.send(Uint8Array.of(0x80, 0, 0, 0, 0)),
      text: 'garbage',
    },
    'with a compressed reply': {
      end: (call) => call.send(Uint8Array.of(1, 0, 0, 0, 0)),
      text: 'garbage',
    },
    'with 5 MB of replies': {
      end: (call) => {
        for (let reply = 0; reply < 5; reply += 1) call.send(challengeReply(randomBytes(1_000_000)))
      },
      text: 'too much',
    },
  }

  it.each(Object.entries(endings))('fails where it ends %s', async (_name, { end, text }) => {
    const hub = await hubEnding(end)
    await expect(finishLogin(connectForTest(hub.url).startLogin())).rejects.toThrow(text)
    await vi.waitFor(() => expect(hub.openCalls).toBe(0))
  })

  it("fails where a proxy answers in the Hub's place", async () => {
    const hub = await startFaultyGrpcHub(async ({ stream }) => {
      stream.respond({ ':status': 502, 'grpc-status': '0' })
      stream.end('<h1>Bad gateway</h1>')
    })
    const { failed } = connectForTest(hub.url).startLogin()
    await expect(failed).rejects.toThrow('HTTP status 502')
  })

  it('is ended without a reset, released or not', async () => {
    const hub = await startFaultyGrpcHub((call) => {
      call.endWhenLeft()
      return giveToken(call)
    })
    const { startLogin } = connectForTest(hub.url)
    await finishLogin(startLogin())
    const released = startLogin()
    await released.challenge
    released.release()
    released.release()
    await vi.waitFor(() => expect(hub.openCalls).toBe(0))
    const codes = hub.sessions[0]?.calls.map(({ stream }) => stream.rstCode)
    expect(codes).toEqual([constants.NGHTTP2_NO_ERROR, constants.NGHTTP2_NO_ERROR])
  })

  it('is reset where the Hub has met its deadline, or does not end what was released', async () => {
    const hub = await startFaultyGrpcHub(giveToken)
    const { startLogin } = connectForTest(hub.url)
    const [late, released] = [startLogin(), startLogin()]
    await Promise.all([late.challenge, released.challenge])
    late.release('late')
    await vi.waitFor(() => expect(hub.openCalls).toBe(1))
    released.release()
    await vi.waitFor(() => expect(hub.openCalls).toBe(0), 5_000)
    const codes = hub.sessions[0]?.calls.map(({ stream }) => stream.rstCode)
    expect(codes).toEqual([constants.NGHTTP2_CANCEL, constants.NGHTTP2_CANCEL])
  })

  it('can be released before it is sent', async () => {
    const hub = await startFaultyGrpcHub(giveToken)
    const { startLogin } = connectForTest(hub.url)
    for (let call = 0; call < 10; call += 1) startLogin().release()
    await finishLogin(startLogin())
    expect(hub.sessions[0]?.calls).toHaveLength(1)
  })
})
