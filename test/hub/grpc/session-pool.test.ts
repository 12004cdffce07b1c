import { once } from 'node:events'
import { type ClientHttp2Stream, constants, type ServerHttp2Session } from 'node:http2'
import { createServer } from 'node:net'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { GrpcSession } from '../../../src/hub/grpc/session.js'
import { SessionPool } from '../../../src/hub/grpc/session-pool.js'
import { countClientSockets } from '../../support/client-sockets.js'
import {
  callsPerSession,
  type FaultyGrpcCall,
  type FaultyGrpcHub,
  startFaultyGrpcHub,
} from '../../support/faulty-grpc-hub.js'
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

/** Starts a stream on a session of the pool, without a transport. */
function acquire(
  sessions: SessionPool,
): Promise<{ session: GrpcSession; stream: ClientHttp2Stream }> {
  return new Promise((resolve, reject) => {
    sessions.acquire({
      start: (session) => {
        const stream = session.request({ ':method': 'POST', ':path': '/' })
        stream.on('error', () => {})
        resolve({ session, stream })
      },
      reject,
    })
  })
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
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
    onTestFinished(() => {
      server.close()
    })
    await once(server, 'listening')
    let connections = 0
    server.on('connection', () => {
      connections += 1
    })
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : undefined
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
    const server = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => {
      server.close()
    })
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : undefined
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

describe('a call that waits for a session', () => {
  it('gets none once it is cancelled', async () => {
    const hub = await startFaultyGrpcHub(giveToken)
    const sessions = new SessionPool(new URL(hub.url.replace('grpc', 'http')))
    onTestFinished(() => sessions.close())
    const cancelled = { start: vi.fn(), reject: vi.fn() }
    sessions.acquire(cancelled)
    sessions.cancel(cancelled)
    await acquire(sessions)
    expect(cancelled.start).not.toHaveBeenCalled()
    expect(cancelled.reject).not.toHaveBeenCalled()
  })
})

describe('a Hub that limits the calls on a session', () => {
  it.each([1, 2])('to %d gets as many sessions as it takes', async (maxConcurrentStreams) => {
    const hub = await startFaultyGrpcHub(giveToken, { settings: { maxConcurrentStreams } })
    const { startLogin } = connectForTest(hub.url)
    const calls = Array.from({ length: 6 }, startLogin)
    await Promise.all(calls.map((call) => call.challenge))
    await vi.waitFor(() => expect(hub.openCalls).toBe(6))
    expect(callsPerSession(hub)).toEqual(Array(6 / maxConcurrentStreams).fill(maxConcurrentStreams))

    for (const call of calls) expect(await finishLogin(call)).toBe('token')
    for (let more = 0; more < 6; more += 1) await finishLogin(startLogin())
    expect(hub.sessions).toHaveLength(6 / maxConcurrentStreams)
  })

  it('to 10 gets eight sessions at most; what finds no room waits for its turn', async () => {
    const hub = await startFaultyGrpcHub(giveToken, { settings: { maxConcurrentStreams: 10 } })
    const sockets = countClientSockets(hub.url)
    const { connection, startLogin } = connectForTest(hub.url)
    expect(connection.capacity).toBe(Number.POSITIVE_INFINITY)
    const calls = Array.from({ length: 200 }, startLogin)
    await vi.waitFor(() => expect(hub.openCalls).toBe(80))
    expect(connection.capacity).toBe(80)
    for (const call of calls) expect(await finishLogin(call)).toBe('token')
    expect(sockets.most).toBe(8)
    expect(hub.sessions).toHaveLength(8)
  })

  it('has eight connections at most while it cuts off one after the other', async () => {
    const hub = await startFaultyGrpcHub(
      async (call) => {
        await giveToken(call)
        call.drop()
      },
      { settings: { maxConcurrentStreams: 2 } },
    )
    const sockets = countClientSockets(hub.url)
    const { connection, startLogin } = connectForTest(hub.url)
    const logins = Array.from({ length: 100 }, () => finishLogin(startLogin()).catch(() => {}))
    await Promise.all(logins)
    expect(hub.sessions.length).toBeGreaterThan(8)
    expect(sockets.most).toBe(8)
    connection.close()
    await vi.waitFor(() => expect(sockets.open).toBe(0))
  })

  it('has idle sessions closed, but for one', async () => {
    const hub = await startFaultyGrpcHub(giveToken, { settings: { maxConcurrentStreams: 2 } })
    const sessions = new SessionPool(new URL(hub.url.replace('grpc', 'http')))
    onTestFinished(() => sessions.close())
    const streams = await Promise.all(Array.from({ length: 5 }, () => acquire(sessions)))
    for (const { session } of streams) sessions.onIdle(session)
    await vi.waitFor(() => expect(hub.openCalls).toBe(5))
    expect(sessions.size).toBe(3)

    for (const { stream } of streams) stream.destroy()
    await vi.waitFor(() => expect(hub.openCalls).toBe(0))
    for (const { session } of streams) sessions.onIdle(session)
    await vi.waitFor(() => expect(sessions.size).toBe(1))
  })

  it('lets the next call have the room of one that was released', async () => {
    const script = (call: FaultyGrpcCall) => {
      call.endWhenLeft()
      return giveToken(call)
    }
    const hub = await startFaultyGrpcHub(script, { settings: { maxConcurrentStreams: 1 } })
    const { startLogin } = connectForTest(hub.url)
    for (let round = 0; round < 10; round += 1) {
      const call = startLogin()
      await call.challenge
      call.release()
      await vi.waitFor(() => expect(hub.openCalls).toBe(0))
    }
    await finishLogin(startLogin())
    expect(callsPerSession(hub)).toEqual([11])
  })

  it('to none fails the calls', async () => {
    const hub = await startFaultyGrpcHub(giveToken, { settings: { maxConcurrentStreams: 0 } })
    const { failed } = connectForTest(hub.url).startLogin()
    await expect(failed).rejects.toMatchObject({ cause: new Error('the Hub allows no calls') })
    expect(hub.sessions).toHaveLength(1)
  })
})
