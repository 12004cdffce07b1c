import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { MAX_SESSIONS } from '../../../src/hub/grpc/session-pool.js'
import { GuardedHub } from '../../../src/hub/guarded-hub.js'
import { SdkHub } from '../../../src/hub/sdk-hub.js'
import { countClientSockets } from '../../support/client-sockets.js'
import { callsPerSession, startFaultyGrpcHub } from '../../support/faulty-grpc-hub.js'
import { startRelay } from '../../support/relay.js'
import { connectForTest, finishLogin, giveToken, meetDeadline } from '../../support/token-calls.js'

/** How long a step may take, and how long the Hub is silent, in seconds of simulated time. */
const HUB_TIMEOUT = 10
const SILENCE = 60

/** A Hub that answers nothing until it is told to, and then everything, what came before too. */
async function startSilentHub(settings: { maxConcurrentStreams?: number } = {}) {
  let speak = () => {}
  const spoken = new Promise<void>((resolve) => {
    speak = resolve
  })
  const hub = await startFaultyGrpcHub(
    async (call) => {
      await spoken
      if (!call.stream.destroyed) await giveToken(call)
    },
    { settings },
  )
  return { hub, speak }
}

/** A silent Hub, and eight sessions with it that are all suspect. */
async function suspectEverything() {
  const { hub, speak } = await startSilentHub()
  const sockets = countClientSockets(hub.url)
  const { startLogin } = connectForTest(hub.url)
  for (let session = 1; session <= MAX_SESSIONS; session += 1) {
    const call = startLogin()
    await vi.waitFor(() => expect(callsPerSession(hub)).toEqual(Array(session).fill(1)))
    await vi.waitFor(() => expect(hub.openCalls).toBe(1))
    meetDeadline(call)
    await vi.waitFor(() => expect(hub.openCalls).toBe(0))
  }
  return { hub, speak, sockets, startLogin }
}

describe('a session on which a call met its deadline', () => {
  it('leaves new calls to a fresh one, until the Hub sends anything on it', async () => {
    const held: (() => void)[] = []
    const hub = await startFaultyGrpcHub(async (call) => {
      if (hub.sessions.length > 1) await giveToken(call)
      else held.push(() => void giveToken(call))
    })
    const { startLogin } = connectForTest(hub.url)
    const [unanswered, running] = [startLogin(), startLogin()]
    await vi.waitFor(() => expect(held).toHaveLength(2))
    meetDeadline(unanswered)

    expect(await finishLogin(startLogin())).toBe('token')
    expect(callsPerSession(hub)).toEqual([2, 1])
    held[1]?.()
    expect(await finishLogin(running)).toBe('token')
    // The old session has shown that the Hub is there.
    expect(await finishLogin(startLogin())).toBe('token')
    expect(callsPerSession(hub)).toEqual([3, 1])
  })

  it('is not one whose call was released by an app that left, answered or not', async () => {
    const { hub } = await startSilentHub()
    const { startLogin } = connectForTest(hub.url)
    for (let left = 1; left <= 20; left += 1) {
      const call = startLogin()
      await vi.waitFor(() => expect(callsPerSession(hub)).toEqual([left]))
      call.release()
    }
  })

  it('is not one whose call met the deadline of an app that had to sign', async () => {
    const hub = await startFaultyGrpcHub(giveToken)
    const { startLogin } = connectForTest(hub.url)
    const call = startLogin()
    await call.challenge
    meetDeadline(call)
    await finishLogin(startLogin())
    expect(callsPerSession(hub)).toEqual([2])
  })

  it('is not one whose call had no time to be answered in', async () => {
    const { hub } = await startSilentHub()
    const { startLogin } = connectForTest(hub.url)
    const call = startLogin()
    await vi.waitFor(() => expect(callsPerSession(hub)).toEqual([1]))
    const now = vi.spyOn(performance, 'now').mockReturnValue(performance.now())
    onTestFinished(() => now.mockRestore())
    const next = startLogin()
    await vi.waitFor(() => expect(callsPerSession(hub)).toEqual([2]))
    next.release('late')
    call.release()
    startLogin()
    await vi.waitFor(() => expect(callsPerSession(hub)).toEqual([3]))
  })
})

describe('eight sessions that are all suspect', () => {
  it('take one call each at a time, while the others wait', async () => {
    const { hub, sockets, startLogin } = await suspectEverything()
    const calls = Array.from({ length: 20 }, startLogin)
    await vi.waitFor(() => expect(callsPerSession(hub)).toEqual(Array(8).fill(2)))

    // An app that leaves gives its place as a trial to the next.
    calls[0]?.release()
    const next = [3, 2, 2, 2, 2, 2, 2, 2]
    await vi.waitFor(() => expect(callsPerSession(hub)).toEqual(next), 5_000)
    expect(hub.openCalls).toBe(8)
    expect(sockets.most).toBe(8)
  })

  it('serve every call once the Hub speaks', async () => {
    const { hub, speak, sockets, startLogin } = await suspectEverything()
    const calls = Array.from({ length: 20 }, startLogin)
    await vi.waitFor(() => expect(hub.openCalls).toBe(8))
    speak()
    for (const call of calls) expect(await finishLogin(call)).toBe('token')
    expect(sockets.most).toBe(8)
  })

  it('are replaced, each by one other, when their trials meet their deadlines too', async () => {
    const { hub, sockets, startLogin } = await suspectEverything()
    const trials = Array.from({ length: 8 }, startLogin)
    await vi.waitFor(() => expect(hub.openCalls).toBe(8))
    const pending = startLogin()
    for (const trial of trials) meetDeadline(trial)
    await vi.waitFor(() => expect(callsPerSession(hub)).toEqual([...Array(8).fill(2), 1]))
    expect(sockets).toMatchObject({ open: 1, most: 8 })
    pending.release()
  })
})

it.each([undefined, 10])(
  'the first login passes after a Hub that allows %s calls a session was silent for a minute',
  async (maxConcurrentStreams) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] })
    onTestFinished(() => {
      vi.useRealTimers()
    })
    const settings = maxConcurrentStreams === undefined ? {} : { maxConcurrentStreams }
    const hub = await startFaultyGrpcHub(giveToken, { settings })
    const relay = await startRelay(hub.url)
    const sockets = countClientSockets(relay.url)
    const { connection } = connectForTest(relay.url)
    const guarded = new GuardedHub(new SdkHub(connection), {
      maxHubCalls: 200,
      hubTimeout: HUB_TIMEOUT,
    })
    const apiKey = { key: 'bkey', secret: new Uint8Array(24) }
    const startLogin = () => guarded.requestToken('bpubkey', apiKey)
    expect(await finishLogin(startLogin())).toBe('token')

    relay.hold()
    let failures = 0
    const attempt = async () => {
      const call = startLogin()
      await call.challenge.catch(() => {
        failures += 1
      })
      call.release()
    }
    for (let second = 0; second < SILENCE; second += 1) {
      for (let login = 0; login < 5; login += 1) void attempt()
      await vi.advanceTimersByTimeAsync(1_000)
      // Sockets are no part of the simulation: they need turns of the event loop.
      for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate)
    }
    expect(failures).toBeGreaterThan(100)
    relay.resume()
    while (guarded.callsInFlight > 0) await new Promise(setImmediate)
    // A guard that takes the Hub for down leaves it alone for two seconds.
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await finishLogin(startLogin())).toBe('token')
    expect(sockets.most).toBeLessThanOrEqual(8)
  },
)
