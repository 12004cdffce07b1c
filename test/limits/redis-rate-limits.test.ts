import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { DEFAULT_LIMITS } from '../../src/limits/limits.js'
import { RateLimits } from '../../src/limits/rate-limits.js'
import { openRedisLimits } from '../../src/limits/redis-rate-limits.js'
import { randomIdentity } from '../support/identity.js'
import { expectNothingLeft } from '../support/leftovers.js'
import { startWithDevHub } from '../support/login-server.js'
import { freePort } from '../support/ports.js'
import { PROGRAMS } from '../support/programs.js'
import { type RedisServer, startRedis } from '../support/redis.js'
import { TestApp } from '../support/test-app.js'

const AWAY = /Redis is away/
const BACK = /Redis is back/

/** What a server has of limits in Redis, and what it has logged of them. */
async function open(url: string, limits = {}) {
  const lines: string[] = []
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) })
  const redis = await openRedisLimits(url, log)
  onTestFinished(() => redis.close())
  const rateLimits = new RateLimits({ ...DEFAULT_LIMITS, ...limits }, redis.openLimiter)
  const logged = (pattern: RegExp) => lines.filter((line) => pattern.test(line)).length
  return { redis, rateLimits, lines, logged }
}

describe.skipIf(!PROGRAMS.redis)('limits in Redis', () => {
  let server: RedisServer

  beforeAll(async () => {
    server = await startRedis()
  })

  afterAll(() => server.close())

  beforeEach(async () => {
    // Counts of one test don't count in the next.
    await server.stop()
    await server.start()
  })

  it('are counted across servers, by address and by key', async () => {
    const limits = { loginsPerMinutePerIp: 3, loginsPerMinutePerKey: 2 }
    const one = await open(server.url, limits)
    const other = await open(server.url, limits)
    expect(await one.rateLimits.countMessage('192.0.2.1')).toBe(0)
    expect(await other.rateLimits.countMessage('192.0.2.1')).toBe(0)
    expect(await one.rateLimits.countMessage('192.0.2.1')).toBe(0)
    expect(await other.rateLimits.countMessage('192.0.2.1')).toBeGreaterThan(50)
    expect(await other.rateLimits.countMessage('192.0.2.2')).toBe(0)
    expect(await one.rateLimits.countToken('bkey')).toBe(0)
    expect(await other.rateLimits.countToken('bkey')).toBe(0)
    expect(await other.rateLimits.checkKey('bkey')).toBeGreaterThan(50)
    expect(await one.rateLimits.countToken('bkey')).toBeGreaterThan(50)
  })

  it('are counted in memory while it is gone, and there again when it is back', async () => {
    const opened = await open(server.url, { loginsPerMinutePerIp: 2 })
    await server.stop()
    await vi.waitFor(() => expect(opened.logged(AWAY)).toBe(1))
    expect(await opened.rateLimits.countMessage('192.0.2.1')).toBe(0)
    expect(await opened.rateLimits.countMessage('192.0.2.1')).toBe(0)
    expect(await opened.rateLimits.countMessage('192.0.2.1')).toBeGreaterThan(50)
    expect(await opened.rateLimits.checkKey('bkey')).toBe(0)
    await server.start()
    await vi.waitFor(() => expect(opened.logged(BACK)).toBe(1), { timeout: 10_000 })
    // What was counted in memory doesn't count in Redis.
    expect(await opened.rateLimits.countMessage('192.0.2.1')).toBe(0)
    expect(opened.logged(AWAY)).toBe(1)
    expect(opened.lines.join()).not.toContain(server.password)
  })

  it('are counted in memory while it is frozen', async () => {
    const opened = await open(server.url, { loginsPerMinutePerIp: 2 })
    server.freeze()
    onTestFinished(() => server.thaw())
    expect(await opened.rateLimits.countMessage('192.0.2.1')).toBe(0)
    expect(await opened.rateLimits.countMessage('192.0.2.1')).toBe(0)
    expect(await opened.rateLimits.countMessage('192.0.2.1')).toBeGreaterThan(50)
    await vi.waitFor(() => expect(opened.logged(AWAY)).toBe(1))
    server.thaw()
    await vi.waitFor(() => expect(opened.logged(BACK)).toBe(1), { timeout: 10_000 })
  })

  it('need not be there when the server starts', async () => {
    const opened = await open(`redis://127.0.0.1:${await freePort()}`, {
      loginsPerMinutePerIp: 1,
    })
    expect(await opened.rateLimits.countMessage('192.0.2.1')).toBe(0)
    expect(await opened.rateLimits.countMessage('192.0.2.1')).toBeGreaterThan(50)
    await vi.waitFor(() => expect(opened.logged(AWAY)).toBe(1))
  })

  it('let logins go on, whatever becomes of it, and nothing is left over', async () => {
    const { redis } = await open(server.url)
    const { openLimiter } = redis
    const { hub, server: logins } = await startWithDevHub({ openLimiter })
    const logIn = async () => {
      const app = await TestApp.connect(logins.url)
      const answer = await app.login(randomIdentity())
      // What counts is counted in promises that nobody waits for, too.
      app.send('junk')
      expect(await app.next()).toMatchObject({ code: 'bad_request' })
      return answer
    }
    expect(await logIn()).toMatchObject({ type: 'token' })
    await server.stop()
    expect(await logIn()).toMatchObject({ type: 'token' })
    await server.start()
    expect(await logIn()).toMatchObject({ type: 'token' })
    server.freeze()
    onTestFinished(() => server.thaw())
    expect(await logIn()).toMatchObject({ type: 'token' })
    await expectNothingLeft(logins, hub)
  })
})
