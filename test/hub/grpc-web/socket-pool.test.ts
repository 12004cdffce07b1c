import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { WebSocket } from 'ws'
import { startDevHub } from '../../../src/dev-hub/hub.js'
import { SocketPool } from '../../../src/hub/grpc-web/socket-pool.js'
import { makeCertificate } from '../../support/certificate.js'
import { FaultyWebCall, startFaultySocketHub } from '../../support/faulty-web-hub.js'
import { freePort } from '../../support/ports.js'
import { ProgramProcess, READY, variablesFor } from '../../support/server-process.js'
import { TestApp } from '../../support/test-app.js'
import { startTlsProxy } from '../../support/tls-proxy.js'
import { connectForTest, finishLogin, giveToken } from '../../support/token-calls.js'

const PATH = '/threads.pb.API/GetToken'
const MAX_AGE_MS = 30_000

/** A Hub, the sockets that were opened to it, and those that are idle. */
async function setUp(onSocket: (socket: WebSocket) => void = () => {}) {
  const opened: WebSocket[] = []
  const hub = await startFaultySocketHub((socket) => {
    opened.push(socket)
    onSocket(socket)
  })
  const sockets = new SocketPool(hub.url + PATH)
  onTestFinished(() => sockets.close())
  const acquire = (path = PATH) => {
    const acquired = sockets.acquire(hub.url + path)
    acquired.socket.on('error', () => {})
    onTestFinished(() => acquired.socket.terminate())
    return acquired
  }
  const expectIdle = (count: number) => vi.waitFor(() => expect(sockets.idle).toBe(count))
  return { hub, sockets, opened, acquire, expectIdle }
}

describe('a socket to the Hub', () => {
  it('is open before the first call, and replaced when a call acquires it', async () => {
    const { opened, acquire, expectIdle } = await setUp()
    await expectIdle(1)
    expect(acquire().wasIdle).toBe(true)
    await expectIdle(1)
    expect(opened).toHaveLength(2)
  })

  it('is idle for calls of one method only', async () => {
    const { sockets, acquire, expectIdle } = await setUp()
    await expectIdle(1)
    expect(acquire('/threads.pb.API/ListDBs').wasIdle).toBe(false)
    expect(sockets.idle).toBe(1)
  })

  it('is acquired while it opens, where none is open yet', async () => {
    const { opened, acquire, expectIdle } = await setUp()
    const { socket, wasIdle } = acquire()
    expect(wasIdle).toBe(false)
    await vi.waitFor(() => expect(socket.readyState).toBe(socket.OPEN))
    expect(opened).toHaveLength(1)
    // The Hub is there, so the next call has one made for others.
    acquire()
    await expectIdle(2)
  })

  it('is there eight times at most, however many calls found none', async () => {
    const { opened, acquire, expectIdle } = await setUp()
    await expectIdle(1)
    for (let call = 0; call < 30; call += 1) acquire()
    await expectIdle(8)
    // In one go all but the first were still opening when they were acquired.
    await vi.waitFor(() => expect(opened).toHaveLength(38))
  })

  it('is not opened ahead again while the Hub hangs up', async () => {
    const { opened, acquire, expectIdle } = await setUp((socket) => socket.terminate())
    await vi.waitFor(() => expect(opened).toHaveLength(1))
    await expectIdle(0)
    for (let call = 1; call <= 3; call += 1) {
      const { socket } = acquire()
      await vi.waitFor(() => expect(socket.readyState).toBe(socket.CLOSED))
    }
    await expectIdle(0)
    // Each call its own, and at most one pair on top: such a Hub takes a connection, then ends it.
    expect(opened.length).toBeLessThanOrEqual(10)
  })

  it('is opened by calls alone where nobody listens', async () => {
    const port = await freePort()
    const sockets = new SocketPool(`http://127.0.0.1:${port}${PATH}`)
    onTestFinished(() => sockets.close())
    const { socket } = sockets.acquire(`http://127.0.0.1:${port}${PATH}`)
    const errors: unknown[] = []
    socket.on('error', (error) => errors.push(error))
    await vi.waitFor(() => expect(errors).toMatchObject([{ code: 'ECONNREFUSED' }]))
    expect(sockets.idle).toBe(0)
  })

  it('is closed when the Hub speaks before it is asked', async () => {
    const { opened, expectIdle } = await setUp()
    await expectIdle(1)
    opened[0]?.send('hello')
    await expectIdle(0)
    await vi.waitFor(() => expect(opened[0]?.readyState).toBe(opened[0]?.CLOSED))
  })

  it('is freed when all are', async () => {
    const { sockets, opened, acquire, expectIdle } = await setUp()
    await expectIdle(1)
    sockets.close()
    await vi.waitFor(() => expect(opened[0]?.readyState).toBe(opened[0]?.CLOSED))
    acquire()
    await vi.waitFor(() => expect(opened).toHaveLength(2))
    expect(sockets.idle).toBe(0)
  })
})

describe('an idle socket', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  })

  afterEach(() => {
    vi.useRealTimers()
  })

  /** Lets the event loop turn until something holds; time itself stands still. */
  async function until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise((resolve) => setImmediate(resolve))
  }

  it('is closed at its age, and replaced if it is the last', async () => {
    const { sockets, opened, acquire } = await setUp()
    await until(() => sockets.idle === 1)
    acquire()
    acquire()
    await until(() => sockets.idle === 2)
    vi.advanceTimersByTime(MAX_AGE_MS - 1)
    expect(sockets.idle).toBe(2)
    vi.advanceTimersByTime(1)
    expect(sockets.idle).toBe(0)
    const before = opened.length
    await until(() => sockets.idle === 1)
    expect(opened).toHaveLength(before + 1)
  })
})

describe('a call on a socket that was idle', () => {
  it('goes on another where that one has died', async () => {
    let hasDied = false
    const { hub, opened } = await setUp((socket) => {
      const call = new FaultyWebCall(socket)
      // Like a connection that a proxy forgot: the first word on it is answered by a reset.
      socket.once('message', () => {
        if (hasDied) return
        hasDied = true
        socket.terminate()
      })
      void giveToken(call)
    })
    const { startLogin } = connectForTest(hub.url)
    await vi.waitFor(() => expect(opened).toHaveLength(2))
    expect(await finishLogin(startLogin())).toBe('token')
    expect(hasDied).toBe(true)
  })

  it.each([
    [900, 1],
    [1_100, 0],
  ])('has the others closed after no answer for %i ms: %i left', async (ms, left) => {
    const { hub, opened } = await setUp()
    const { connection, startLogin } = connectForTest(hub.url)
    await vi.waitFor(() => expect(opened).toHaveLength(2))
    const call = startLogin()
    await vi.waitFor(() => expect(hub.openCalls).toBe(1))
    const now = performance.now()
    const clock = vi.spyOn(performance, 'now').mockReturnValue(now + ms)
    onTestFinished(() => clock.mockRestore())
    call.release('late')
    await vi.waitFor(() => {
      const open = opened.filter(({ readyState, OPEN }) => readyState === OPEN)
      // One belongs to the sockets of the set-up.
      expect(open).toHaveLength(left + 1)
    })
    connection.close()
  })
})

it('resumes TLS sessions, so that the certificate is verified once', async () => {
  const hub = await startDevHub()
  onTestFinished(() => hub.close())
  const resumed: boolean[] = []
  const certificate = makeCertificate()
  const url = await startTlsProxy(hub.url, certificate, [], (socket) =>
    resumed.push(socket.isSessionReused()),
  )
  const server = await ProgramProcess.start('index.js', {
    ...variablesFor(url, hub.apiKeys[0]),
    NODE_EXTRA_CA_CERTS: certificate.file,
  })
  const [, endpoint = ''] = await server.printed(READY)
  const app = await TestApp.connect(endpoint)
  for (let login = 0; login < 3; login += 1) {
    expect(await app.login()).toMatchObject({ type: 'token' })
  }
  await vi.waitFor(() => expect(resumed.slice(-3)).toEqual([true, true, true]))
})
