import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { GuardedHub, type HubGuards } from '../../src/hub/guarded-hub.js'
import { type Hub, HubBusyError, HubError } from '../../src/hub/hub.js'
import { never } from '../support/never.js'
import { TestHub } from '../support/test-hub.js'

const API_KEY = { key: 'bkey', secret: new Uint8Array(24) }
function failing(code?: number): () => Promise<never> {
  const options = code === undefined ? {} : { status: { code, message: '' } }
  return () => Promise.reject(new HubError('test', options))
}

function guard(hub: Hub, guards: Partial<HubGuards> = {}): GuardedHub {
  return new GuardedHub(hub, { maxHubCalls: 2, hubTimeout: 10, ...guards })
}

/** Fails often enough for the Hub to count as down, if such failures count. */
async function failOften(guarded: GuardedHub): Promise<void> {
  for (let call = 0; call < 10; call += 1) {
    await guarded.requestToken('', API_KEY).challenge.catch(() => {})
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] })
})

afterEach(() => {
  vi.useRealTimers()
})

describe('a guarded Hub', () => {
  it('passes on what the Hub says', async () => {
    const hub = new TestHub()
    hub.answerToken = async () => 'token'
    const call = guard(hub).requestToken('', API_KEY)
    expect(await call.challenge).toBe(hub.challenge)
    expect(await call.answer(new Uint8Array(64))).toBe('token')
  })

  it('has a deadline for each step, and frees its timers', async () => {
    const hub = new TestHub()
    hub.answerToken = never
    const guarded = guard(hub)
    const call = guarded.requestToken('', API_KEY)
    await call.challenge
    const late = expect(call.answer(new Uint8Array(64))).rejects.toMatchObject({
      status: { code: 4 },
    })
    hub.answerChallenge = never
    const lateToo = expect(guarded.requestToken('', API_KEY).challenge).rejects.toMatchObject({
      status: { code: 4 },
    })
    await vi.advanceTimersByTimeAsync(10_000)
    await late
    await lateToo
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is asked so many steps at once, queues as many, and refuses the next', async () => {
    const hub = new TestHub()
    hub.answerChallenge = never
    const guarded = guard(hub)
    const calls = Array.from({ length: 4 }, () => guarded.requestToken('', API_KEY))
    await vi.advanceTimersByTimeAsync(0)
    expect(hub.asked).toBe(2)
    await expect(guarded.requestToken('', API_KEY).challenge).rejects.toBeInstanceOf(HubBusyError)

    calls[0]?.release()
    await vi.advanceTimersByTimeAsync(0)
    expect(hub.asked).toBe(3)
  })

  it('does not ask for a call that was released in the queue', async () => {
    const hub = new TestHub()
    hub.answerChallenge = never
    const guarded = guard(hub, { maxHubCalls: 1 })
    const [first, second] = [guarded.requestToken('', API_KEY), guarded.requestToken('', API_KEY)]
    second.release()
    first.release()
    await vi.advanceTimersByTimeAsync(0)
    expect(hub.asked).toBe(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('says that it is busy to a call that has waited in the queue for too long', async () => {
    const hub = new TestHub()
    hub.answerChallenge = never
    const guarded = guard(hub, { maxHubCalls: 1 })
    const first = guarded.requestToken('', API_KEY).challenge.catch((error) => error)
    const second = guarded.requestToken('', API_KEY).challenge.catch((error) => error)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await first).toBeInstanceOf(HubError)
    expect(await second).toBeInstanceOf(HubBusyError)
    expect(hub.asked).toBe(1)
  })

  it('is asked without bound where that is lifted', async () => {
    const hub = new TestHub()
    hub.answerChallenge = never
    const guarded = guard(hub, { maxHubCalls: Number.POSITIVE_INFINITY })
    for (let call = 0; call < 500; call += 1) guarded.requestToken('', API_KEY)
    await vi.advanceTimersByTimeAsync(0)
    expect(hub.asked).toBe(500)
  })

  it.each([undefined, 4, 13, 14])(
    'is left alone after failures in a row with code %s',
    async (code) => {
      const hub = new TestHub()
      hub.answerChallenge = failing(code)
      const guarded = guard(hub)
      await failOften(guarded)
      expect(guarded.isDown).toBe(true)
      await expect(guarded.requestToken('', API_KEY).challenge).rejects.toThrow('the Hub is down')
      expect(hub.asked).toBe(10)
    },
  )

  it.each([2, 3, 5, 7, 16])('is not left alone after refusals with code %i', async (code) => {
    const hub = new TestHub()
    hub.answerChallenge = failing(code)
    const guarded = guard(hub)
    await failOften(guarded)
    await failOften(guarded)
    expect(guarded.isDown).toBe(false)
  })

  it('is not left alone because of apps that leave, or a key that is not checked', async () => {
    const hub = new TestHub()
    hub.answerChallenge = never
    const guarded = guard(hub)
    for (let call = 0; call < 20; call += 1) {
      const { challenge, release } = leaving(guarded)
      release()
      await challenge.catch(() => {})
    }
    expect(guarded.isDown).toBe(false)
  })

  it('is tried by one call at a time, until it is back', async () => {
    const hub = new TestHub()
    hub.answerChallenge = failing()
    const guarded = guard(hub)
    await failOften(guarded)
    await vi.advanceTimersByTimeAsync(2_000)

    hub.answerChallenge = () => new Promise((resolve) => setTimeout(resolve, 100, hub.challenge))
    const trial = guarded.requestToken('', API_KEY)
    await expect(guarded.requestToken('', API_KEY).challenge).rejects.toThrow('the Hub is down')
    await vi.advanceTimersByTimeAsync(100)
    expect(await trial.challenge).toBe(hub.challenge)
    expect(guarded.isDown).toBe(false)
    expect(hub.asked).toBe(11)
  })

  it('is tried again when it is due, though the clock was set back', async () => {
    const hub = new TestHub()
    hub.answerChallenge = failing()
    const guarded = guard(hub)
    await failOften(guarded)
    vi.setSystemTime(Date.now() - 24 * 3_600_000)
    await vi.advanceTimersByTimeAsync(2_000)
    hub.answerChallenge = async () => hub.challenge
    expect(await guarded.requestToken('', API_KEY).challenge).toBe(hub.challenge)
  })

  it('is left alone as long, though the clock was set forward', async () => {
    const hub = new TestHub()
    hub.answerChallenge = failing()
    const guarded = guard(hub)
    await failOften(guarded)
    vi.setSystemTime(Date.now() + 24 * 3_600_000)
    await expect(guarded.requestToken('', API_KEY).challenge).rejects.toThrow('the Hub is down')
    expect(hub.asked).toBe(10)
  })

  it('stays down when the app leaves whose call tries it, and the next call tries it', async () => {
    const hub = new TestHub()
    hub.answerChallenge = failing()
    const guarded = guard(hub)
    await failOften(guarded)
    await vi.advanceTimersByTimeAsync(2_000)
    hub.answerChallenge = never
    for (let trial = 1; trial <= 3; trial += 1) {
      const { challenge, release } = leaving(guarded)
      await vi.advanceTimersByTimeAsync(0)
      expect(hub.asked).toBe(10 + trial)
      release()
      await expect(challenge).rejects.toThrow('the call was released')
      expect(guarded.isDown).toBe(true)
    }
    hub.answerChallenge = failing()
    await expect(guarded.requestToken('', API_KEY).challenge).rejects.toThrow('test')
    expect(guarded.isDown).toBe(true)
    // That trial was decided: the Hub is left alone again.
    await expect(guarded.requestToken('', API_KEY).challenge).rejects.toThrow('the Hub is down')
  })
})

function leaving(guarded: GuardedHub) {
  const call = guarded.requestToken('', API_KEY)
  return { challenge: call.challenge, release: () => call.release() }
}
