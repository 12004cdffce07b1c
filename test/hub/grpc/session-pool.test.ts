import { once } from 'node:events'
import { constants, type ServerHttp2Session } from 'node:http2'
import { createServer } from 'node:net'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  callsPerSession,
  type FaultyGrpcHub,
  startFaultyGrpcHub,
} from '../../support/faulty-grpc-hub.js'
import { listen } from '../../support/ports.js'
import { connectForTest, finishLogin, giveToken } from '../../support/token-calls.js'

function sessionOf(hub: FaultyGrpcHub, index: number): ServerHttp2Session {
  const session = hub.sessions[index]?.session
  if (!session) throw new Error(`the Hub has no session ${index}`)
  return session
}

async function expectSessions(hub: FaultyGrpcHub, count: number): Promise<void> {
  await vi.waitFor(() => expect(hub.sessions).toHaveLength(count))
}

/** The port of a Hub's address. */
function portOf({ url }: FaultyGrpcHub): number {
  return Number(new URL(url).port)
}

describe('the session with a Hub', () => {
  it('is there before the first call, and all calls share it, without a ping', async () => {
    const hub = await startFaultyGrpcHub(giveToken)
    const { startLogin } = connectForTest(hub.url)
    await expectSessions(hub, 1)
    let pings = 0
    sessionOf(hub, 0).on('ping', () => {
      pings += 1
    })
    const tokens = Array.from({ length: 200 }, () => finishLogin(startLogin()))
    expect(new Set(await Promise.all(tokens))).toEqual(new Set(['token']))
    expect(callsPerSession(hub)).toEqual([200])
    expect(pings).toBe(0)
  })

  it('lets running calls end after a GOAWAY, while new ones take the next', async () => {
    const hub = await startFaultyGrpcHub(giveToken)
    const { startLogin } = connectForTest(hub.url)
    const running = startLogin()
    await running.challenge
    sessionOf(hub, 0).close()
    await expectSessions(hub, 2)
    expect(await finishLogin(startLogin())).toBe('token')
    expect(await finishLogin(running)).toBe('token')
    expect(callsPerSession(hub)).toEqual([1, 1])
    await vi.waitFor(() => expect(hub.openConnections).toBe(1))
  })

  it('is replaced after a GOAWAY for a fault, which ends its calls', async () => {
    const hub = await startFaultyGrpcHub(giveToken)
    const { startLogin } = connectForTest(hub.url)
    const running = startLogin()
    await running.challenge
    sessionOf(hub, 0).goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM)
    await expect(running.failed).rejects.toThrow()
    expect(await finishLogin(startLogin())).toBe('token')
  })

  it('hands a call that the Hub never looked at to the next, once', async () => {
    let refusals = 1
    const hub = await startFaultyGrpcHub(async (call) => {
      refusals -= 1
      if (refusals >= 0) call.stream.close(constants.NGHTTP2_REFUSED_STREAM)
      else await giveToken(call)
    })
    const { startLogin } = connectForTest(hub.url)
    expect(await finishLogin(startLogin())).toBe('token')
    refusals = 2
    await expect(startLogin().failed).rejects.toThrow('the connection to the Hub failed')
  })

  it('hands on the calls that a GOAWAY says were not looked at', async () => {
    const hub = await startFaultyGrpcHub(async (call) => {
      if (hub.sessions.length > 1 || hub.sessions[0]?.calls.length === 1) await giveToken(call)
      else sessionOf(hub, 0).goaway(constants.NGHTTP2_NO_ERROR, 1)
    })
    const { startLogin } = connectForTest(hub.url)
    const first = startLogin()
    await first.challenge
    expect(await finishLogin(startLogin())).toBe('token')
    expect(await finishLogin(first)).toBe('token')
    expect(callsPerSession(hub)).toEqual([2, 1])
  })

  it('is replaced when the Hub stops without a word, whose calls fail at once', async () => {
    const hub = await startFaultyGrpcHub(giveToken)
    const { startLogin } = connectForTest(hub.url)
    const running = startLogin()
    await running.challenge
    hub.sessions[0]?.calls[0]?.drop()
    await expect(running.failed).rejects.toThrow('without a status')
    // Ahead of the next call.
    await expectSessions(hub, 2)
    expect(await finishLogin(startLogin())).toBe('token')
  })

  it('outlives a restart of the Hub', async () => {
    const first = await startFaultyGrpcHub(giveToken)
    const { startLogin } = connectForTest(first.url)
    await finishLogin(startLogin())
    await first.close()
    await expect(startLogin().failed).rejects.toThrow()
    const second = await startFaultyGrpcHub(giveToken, { port: portOf(first) })
    await vi.waitFor(async () => expect(await finishLogin(startLogin())).toBe('token'))
    expect(callsPerSession(second)).toEqual([1])
  })

  it('is not opened again and again at a Hub that hangs up on everybody', async () => {
    const server = createServer((socket) => socket.destroy())
    onTestFinished(() => {
      server.close()
    })
    const port = await listen(server)
    let connections = 0
    server.on('connection', () => {
      connections += 1
    })
    const { startLogin } = connectForTest(`grpc://127.0.0.1:${port}`)
    await expect(startLogin().failed).rejects.toThrow('the connection to the Hub failed')
    await expect(startLogin().failed).rejects.toThrow('the connection to the Hub failed')
    expect(connections).toBe(2)
  })

  it('has to come about in time', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => {
      vi.useRealTimers()
    })
    const server = createServer()
    onTestFinished(() => {
      server.close()
    })
    const port = await listen(server)
    const { startLogin } = connectForTest(`grpc://127.0.0.1:${port}`)
    const [socket] = await once(server, 'connection')
    const { failed } = startLogin()
    await new Promise((resolve) => setImmediate(resolve))
    vi.advanceTimersByTime(5_000)
    await expect(failed).rejects.toMatchObject({
      cause: new Error('the Hub took too long to connect'),
    })
    socket.resume()
    await once(socket, 'close')
  })

  it('ends with its connection, and takes its calls with it', async () => {
    const hub = await startFaultyGrpcHub(giveToken)
    const { connection, startLogin } = connectForTest(hub.url)
    const running = startLogin()
    await running.challenge
    connection.close()
    await expect(running.failed).rejects.toThrow()
    await expect(startLogin().failed).rejects.toThrow('is closed')
    await vi.waitFor(() => expect(hub.openConnections).toBe(0))
    expect(hub.sessions).toHaveLength(1)
  })
})
