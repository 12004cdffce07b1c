import type { ClientHttp2Stream } from 'node:http2'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { GrpcSession } from '../../../src/hub/grpc/session.js'
import { SessionPool } from '../../../src/hub/grpc/session-pool.js'
import { countClientSockets } from '../../support/client-sockets.js'
import {
  callsPerSession,
  type FaultyGrpcCall,
  startFaultyGrpcHub,
} from '../../support/faulty-grpc-hub.js'
import { connectForTest, finishLogin, giveToken } from '../../support/token-calls.js'

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
