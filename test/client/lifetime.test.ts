import { describe, expect, it, vi } from 'vitest'
import { watchLife } from '../../src/client/grant.js'
import { loginWithChallenge } from '../../src/client/node.js'
import { Ed25519Identity } from '../support/ed25519-identity.js'
import { holdTime, tryLogin } from '../support/log-in.js'
import { startScriptedServer, wholeLogin } from '../support/scripted-server.js'

const SECOND = 1000
const HOUR = 3600 * SECOND

/** A grant of a server whose clock is off the device's by `offset` ms. */
function grant(life: number, offset = 0) {
  const serverNow = Date.now() + offset
  const userAuth = { key: '', sig: '', msg: '', token: '' }
  return { userAuth, expiresAt: serverNow + life, serverNow }
}

describe('the life of a UserAuth', () => {
  it.each([
    { life: 100 * SECOND, usable: 90 * SECOND, why: 'all but a tenth' },
    { life: 300 * SECOND, usable: 270 * SECOND, why: 'a tenth being the 30 s at most' },
    { life: HOUR, usable: HOUR - 30 * SECOND, why: 'all but 30 s' },
    { life: 5 * SECOND, usable: 4.5 * SECOND, why: 'a short one too' },
    { life: 100 * SECOND, offset: HOUR, usable: 90 * SECOND, why: 'device an hour behind' },
    { life: 100 * SECOND, offset: -40 * SECOND, usable: 60 * SECOND, why: 'device 40 s ahead' },
  ])('$life ms is used for $usable ms: $why', ({ life, offset, usable }) => {
    holdTime()
    const isUsable = watchLife(grant(life, offset))
    vi.advanceTimersByTime(usable - 1)
    expect(isUsable()).toBe(true)
    vi.advanceTimersByTime(1)
    expect(isUsable()).toBe(false)
  })

  it('is taken from the device where the server tells no time', () => {
    holdTime()
    const isUsable = watchLife({ ...grant(100 * SECOND), serverNow: undefined })
    vi.advanceTimersByTime(90 * SECOND - 1)
    expect(isUsable()).toBe(true)
    vi.advanceTimersByTime(1)
    expect(isUsable()).toBe(false)
  })

  it('goes on while the device sleeps and its steady clock stands still', () => {
    holdTime()
    const isUsable = watchLife(grant(100 * SECOND, HOUR))
    vi.setSystemTime(Date.now() + 91 * SECOND)
    expect(isUsable()).toBe(false)
  })

  it("goes on when the device's clock is set back", () => {
    holdTime()
    const isUsable = watchLife(grant(100 * SECOND))
    vi.setSystemTime(Date.now() - HOUR)
    vi.advanceTimersByTime(91 * SECOND)
    expect(isUsable()).toBe(false)
  })

  it("ends for the SDK when the device's clock is set past msg", () => {
    holdTime()
    const isUsable = watchLife(grant(100 * SECOND))
    vi.setSystemTime(Date.now() + 100 * SECOND)
    expect(isUsable()).toBe(false)
  })
})

describe('renewal', () => {
  it.each([0, HOUR])('comes at a tenth of the life, server %i ms ahead', async (offset) => {
    holdTime()
    const server = await startScriptedServer(wholeLogin({ life: 100 * SECOND, offset }))
    const logIn = loginWithChallenge(new Ed25519Identity(), { url: server.url })
    const first = await logIn()
    vi.advanceTimersByTime(89 * SECOND)
    expect(await logIn()).toBe(first)
    vi.advanceTimersByTime(SECOND)
    const [second, third] = await Promise.all([logIn(), logIn()])
    expect(second).not.toBe(first)
    expect(third).toBe(second)
    expect(server.visits).toBe(2)
  })
})

describe("a device whose clock is ahead of the server's", () => {
  it('logs in while its clock has not reached msg', async () => {
    holdTime()
    const times = { life: 100 * SECOND, offset: -99 * SECOND }
    const server = await startScriptedServer(wholeLogin(times))
    const { userAuth } = await tryLogin({ url: server.url })
    expect(userAuth).toBeDefined()
  })

  it.each([-100 * SECOND, -HOUR])('gets clock_skew once it has: %i ms', async (offset) => {
    holdTime()
    const server = await startScriptedServer(wholeLogin({ life: 100 * SECOND, offset }))
    const { error, steps } = await tryLogin({ url: server.url })
    expect(error).toMatchObject({ code: 'clock_skew', message: expect.stringContaining('clock') })
    expect(steps.at(-1)).toMatchObject({ step: 'failed', code: 'clock_skew' })
    expect(server.visits).toBe(1)
  })
})
