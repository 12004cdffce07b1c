import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { ServerOptions } from '../../src/http/server.js'
import { ServerKey } from '../../src/hub/server-key.js'
import { signApiMessage } from '../../src/keys/api-signature.js'
import { decodeKey } from '../support/api-key.js'
import { randomIdentity } from '../support/identity.js'
import { startWithDevHub } from '../support/login-server.js'
import { serveMetrics } from '../support/metrics.js'
import { never } from '../support/never.js'
import { claimsOf, renewAt, renewalOf } from '../support/renewal.js'
import { scrape } from '../support/scrape.js'
import { TestApp } from '../support/test-app.js'

const log = pino({ level: 'silent' })

const PAGE = 'https://app.example'
const OTHER_PAGE = 'https://other.example'

/** A server for two pages, and a user who has logged in from the first of them. */
async function startLoggedIn(settings: Partial<ServerOptions> = {}) {
  const started = await startWithDevHub({ allowedOrigins: [PAGE, OTHER_PAGE], ...settings })
  const app = await TestApp.connect(started.server.url, { origin: PAGE })
  const identity = randomIdentity()
  const token = await app.login(identity)
  app.leave()
  const { url } = started.server
  return { ...started, url, identity, token, renewal: renewalOf(token) }
}

describe('a token message', () => {
  it('brings a renewal that names the user, the page, the login and nothing else', async () => {
    const { token, renewal, identity } = await startLoggedIn({ renewalTtl: 60 })
    const claims = claimsOf(renewal)
    expect(claims).toEqual({
      sub: identity.pubkey,
      aud: PAGE,
      jti: expect.stringMatching(/^[0-9a-f]{12}$/),
      session: 0,
      iat: expect.any(Number),
      exp: Number(claims.iat) + 60,
    })
    expect(token.renewUntil).toBe(new Date(Number(claims.exp) * 1000).toISOString())
    expect(Date.parse(String(token.renewUntil)) - Date.now()).toBeLessThanOrEqual(60_000)
    // It goes into the SDK as it is.
    expect(Object.keys(Object(token.value))).toEqual(['key', 'sig', 'msg', 'token'])
  })

  it.each([
    ['for a page without an origin of its own', { allowedOrigins: '*' as const }, 'null'],
    ['where renewals are switched off', { renewalTtl: 0 }, PAGE],
  ])('brings none %s', async (_, settings, origin) => {
    const { server } = await startWithDevHub({ allowedOrigins: [PAGE], ...settings })
    const app = await TestApp.connect(server.url, { origin })
    const token = await app.login()
    expect(Object.keys(token)).toEqual(['type', 'value', 'now'])
  })
})

describe('a renewal', () => {
  it('brings a fresh API signature, and no token', async () => {
    const { url, renewal, apiKey } = await startLoggedIn({ userAuthTtl: 60 })
    const { status, headers, body } = await renewAt(url, renewal)
    expect(status).toBe(200)
    const { value, now } = JSON.parse(JSON.stringify(body))
    const { secret } = decodeKey(apiKey)
    expect(body).toEqual({
      value: { key: apiKey.key, sig: signApiMessage(secret, value.msg), msg: value.msg },
      now: new Date(now).toISOString(),
    })
    const life = Date.parse(value.msg) - Date.parse(now)
    expect(life).toBeGreaterThan(59_000)
    expect(life).toBeLessThanOrEqual(60_000)
    expect(headers['cache-control']).toBe('no-store')
  })

  it('may be asked for again and again, and is never prolonged', async () => {
    const { url, renewal } = await startLoggedIn()
    for (let time = 0; time < 3; time += 1) {
      expect(await renewAt(url, renewal)).toMatchObject({ status: 200 })
    }
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_601_000 })
    onTestFinished(() => void vi.useRealTimers())
    expect(await renewAt(url, renewal)).toMatchObject({ status: 401 })
  })

  it('ends earlier where the server renews for a shorter time by now', async () => {
    const { url, renewal, hub, apiKey } = await startLoggedIn()
    expect(await renewAt(url, renewal)).toMatchObject({ status: 200 })
    const key = new ServerKey(decodeKey(apiKey))
    const shorter = await startWithDevHub({ apiKey: key, renewalTtl: 1, allowedOrigins: [PAGE] })
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2_000 })
    onTestFinished(() => void vi.useRealTimers())
    expect(await renewAt(url, renewal)).toMatchObject({ status: 200 })
    expect(await renewAt(shorter.server.url, renewal)).toMatchObject({ status: 401 })
    expect(hub.openCalls).toBe(0)
  })

  it('is not there where renewals are switched off', async () => {
    const { server } = await startWithDevHub({ renewalTtl: 0 })
    expect(await renewAt(server.url, 'x')).toMatchObject({ status: 404 })
  })
})

describe('whose page may use a renewal', () => {
  const cases: [from: string | undefined, to: string | undefined, status: number][] = [
    [PAGE, PAGE, 200],
    [PAGE, OTHER_PAGE, 401],
    [PAGE, 'null', 401],
    [PAGE, `${PAGE}:443`, 401],
    [PAGE, undefined, 200],
    [undefined, undefined, 200],
    [undefined, PAGE, 401],
  ]
  it.each(cases)('logged in from %s, asked for from %s: %i', async (from, to, status) => {
    const { server } = await startWithDevHub({ allowedOrigins: '*' })
    const app = await TestApp.connect(server.url, from === undefined ? {} : { origin: from })
    const renewal = renewalOf(await app.login())
    const headers = to === undefined ? {} : { origin: to }
    const answer = await renewAt(server.url, renewal, { headers })
    expect(answer.status).toBe(status)
    if (status === 401) expect(answer.body.code).toBe('renewal_refused')
  })
})

describe('a request that is refused', () => {
  const json = { 'content-type': 'application/json' }
  it.each<[string, number, { text?: string | Buffer; headers?: Record<string, string> }]>([
    ['no JSON', 400, { text: '{' }],
    ['JSON that is no object', 400, { text: '"renewal"' }],
    ['an array', 400, { text: '[]' }],
    ['no renewal', 400, { text: '{"renew":"x"}' }],
    ['a renewal that is no text', 400, { text: '{"renewal":{"x":1}}' }],
    ['nothing', 400, { text: '' }],
    ['junk for gzip', 400, { text: 'junk', headers: { ...json, 'content-encoding': 'gzip' } }],
    ['an unknown encoding', 400, { text: '{}', headers: { ...json, 'content-encoding': 'x' } }],
    ['too much', 413, { text: JSON.stringify({ renewal: 'x'.repeat(3_000) }) }],
    [
      'too much, packed',
      413,
      {
        text: gzipSync(JSON.stringify({ renewal: 'x'.repeat(100_000) })),
        headers: { ...json, 'content-encoding': 'gzip' },
      },
    ],
    ['a form', 415, { text: 'renewal=x', headers: { 'content-type': 'text/plain' } }],
    ['another JSON', 415, { text: '{}', headers: { 'content-type': 'application/csp-report' } }],
  ])('has %s: %i, in words of its own', async (_, status, sending) => {
    const { server } = await startWithDevHub()
    const answer = await renewAt(server.url, undefined, sending)
    expect(answer.status).toBe(status)
    expect(answer.body).toEqual({
      code: 'bad_request',
      value: expect.stringMatching(/^The body .*\.$/),
      id: expect.stringMatching(/^[0-9a-f]{12}$/),
    })
    expect(answer.headers['cache-control']).toBe('no-store')
  })

  it.each(['', 'x', 'e30.e30.e30'])('has %j for a renewal: 401', async (renewal) => {
    const { server } = await startWithDevHub()
    const { status, body } = await renewAt(server.url, renewal)
    expect(status).toBe(401)
    expect(body).toEqual({
      code: 'renewal_refused',
      value: 'This session has ended. Log in again.',
      id: expect.any(String),
    })
  })

  it.each(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'])('is a %s: 404', async (method) => {
    const { server } = await startWithDevHub()
    expect(await renewAt(server.url, '', { method, text: '' })).toMatchObject({ status: 404 })
  })

  it('comes by a name that is none of this machine, where the server is for that', async () => {
    const { url, renewal } = await startLoggedIn()
    const at = (host: string) => renewAt(url, renewal, { headers: { host } })
    expect(await at('localhost:3001')).toMatchObject({ status: 200 })
    expect(await at('evil.example')).toMatchObject({ status: 403, body: { code: 'denied' } })
  })
})

/** The names of all headers that speak to a browser about other origins. */
function corsOf(headers: Record<string, unknown>): Record<string, unknown> {
  const names = Object.keys(headers).filter((name) => name.startsWith('access-control-'))
  return Object.fromEntries(names.map((name) => [name, headers[name]]))
}

const READABLE = {
  'access-control-allow-origin': PAGE,
  'access-control-expose-headers': 'Retry-After',
}

describe('a page', () => {
  it('is told before it asks that it may', async () => {
    const { server } = await startWithDevHub({ allowedOrigins: [PAGE] })
    const headers = {
      origin: PAGE,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    }
    const asked = await renewAt(server.url, '', { method: 'OPTIONS', headers, text: '' })
    expect(asked.status).toBe(204)
    expect(corsOf(asked.headers)).toEqual({
      'access-control-allow-origin': PAGE,
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'Content-Type',
      'access-control-max-age': '7200',
    })
    expect(asked.headers.vary).toBe('Origin')
    const evil = { ...headers, origin: 'https://evil.example' }
    const refused = await renewAt(server.url, '', { method: 'OPTIONS', headers: evil, text: '' })
    expect(refused.status).toBe(404)
    expect(corsOf(refused.headers)).toEqual({})
  })

  it('may read every answer, whatever it is', async () => {
    const limits = { renewalsPerMinutePerIp: 4 }
    const { url, server, renewal } = await startLoggedIn({ limits })
    const ask = (text: unknown, sending = {}) =>
      renewAt(url, text, { headers: { origin: PAGE }, ...sending })
    const answers = [
      await ask(renewal),
      await ask('x'),
      await ask('x', { text: '{', headers: { origin: PAGE } }),
      await ask('x', { headers: { origin: PAGE, 'content-type': 'text/plain' } }),
      await ask(renewal),
    ]
    const app = await TestApp.connect(url, { origin: PAGE })
    await app.requestChallenge(randomIdentity().pubkey)
    const closed = server.close()
    answers.push(await ask(renewal))
    app.leave()
    await closed
    expect(answers.map(({ status }) => status)).toEqual([200, 401, 400, 415, 429, 503])
    for (const { headers } of answers) {
      expect(corsOf(headers)).toEqual(READABLE)
      expect(headers.vary).toBe('Origin')
      expect(headers['cache-control']).toBe('no-store')
    }
  })

  it('that may not log in is refused, and may read nothing', async () => {
    const { url, renewal } = await startLoggedIn()
    const headers = { origin: 'https://evil.example' }
    const answer = await renewAt(url, renewal, { headers })
    expect(answer).toMatchObject({ status: 403, body: { code: 'denied' } })
    expect(corsOf(answer.headers)).toEqual({})
  })
})

describe('the limits on renewals', () => {
  it('count whatever an address sends, and nothing else', async () => {
    const { events } = await serveMetrics()
    const limitHit = vi.spyOn(events, 'limitHit')
    const limits = { renewalsPerMinutePerIp: 3, loginsPerMinutePerIp: 2 }
    const { url, renewal } = await startLoggedIn({ limits, events })
    expect(await renewAt(url, undefined, { text: '{' })).toMatchObject({ status: 400 })
    expect(await renewAt(url, 'x')).toMatchObject({ status: 401 })
    expect(await renewAt(url, renewal)).toMatchObject({ status: 200 })
    const { status, headers, body } = await renewAt(url, renewal)
    expect([status, body]).toEqual([
      429,
      {
        code: 'rate_limited',
        value: expect.any(String),
        retryAfter: expect.any(Number),
        id: expect.any(String),
      },
    ])
    expect(headers['retry-after']).toBe(String(body.retryAfter))
    expect(limitHit.mock.calls).toEqual([['renewals_per_minute_per_ip']])
    // Of the two logins that the address may start one is left.
    const app = await TestApp.connect(url, { origin: PAGE })
    expect(await app.login()).toMatchObject({ type: 'token' })
  })

  it("count a key's genuine renewals, and nothing that strangers do", async () => {
    const { events } = await serveMetrics()
    const limitHit = vi.spyOn(events, 'limitHit')
    const limits = { renewalsPerMinutePerKey: 2 }
    const { url, renewal } = await startLoggedIn({ limits, events })
    const forged = `${renewal.slice(0, renewal.lastIndexOf('.'))}.${'A'.repeat(43)}`
    for (let time = 0; time < 5; time += 1) {
      expect(await renewAt(url, forged)).toMatchObject({ status: 401 })
      const headers = { origin: OTHER_PAGE }
      expect(await renewAt(url, renewal, { headers })).toMatchObject({ status: 401 })
    }
    expect(await renewAt(url, renewal)).toMatchObject({ status: 200 })
    expect(await renewAt(url, renewal)).toMatchObject({ status: 200 })
    expect(await renewAt(url, renewal)).toMatchObject({ status: 429 })
    expect(limitHit.mock.calls).toEqual([['renewals_per_minute_per_key']])
  })

  it('are not those on other requests, but where there are no renewals', async () => {
    const limits = { loginsPerMinutePerIp: 1 }
    const statusesOf = async (url: string, renewal: string) => {
      const statuses: unknown[] = []
      for (let time = 0; time < 11; time += 1) statuses.push((await renewAt(url, renewal)).status)
      return statuses
    }
    const { url, renewal } = await startLoggedIn({ limits })
    expect(new Set(await statusesOf(url, renewal))).toEqual(new Set([200]))
    const { server } = await startWithDevHub({ limits, renewalTtl: 0 })
    expect(new Set(await statusesOf(server.url, renewal))).toEqual(new Set([404, 429]))
  })

  it('are lifted by Infinity', async () => {
    const limits = {
      renewalsPerMinutePerIp: Number.POSITIVE_INFINITY,
      renewalsPerMinutePerKey: Number.POSITIVE_INFINITY,
    }
    const { url, renewal } = await startLoggedIn({ limits })
    for (let time = 0; time < 70; time += 1) {
      expect(await renewAt(url, renewal)).toMatchObject({ status: 200 })
    }
  })

  it('fail closed, in words of our own, where nothing can be counted', async () => {
    const { RateLimiterMemory } = await import('rate-limiter-flexible')
    const { url, renewal } = await startLoggedIn({
      openLimiter(options) {
        const limiter = new RateLimiterMemory(options)
        if (options.keyPrefix === 'renewal-request') {
          limiter.consume = () => Promise.reject(new Error('the place of the counts is away'))
        }
        return limiter
      },
    })
    const { status, body } = await renewAt(url, renewal)
    expect([status, body.code]).toEqual([500, 'internal'])
    expect(JSON.stringify(body)).not.toContain('away')
  })
})

describe("the server's key", () => {
  it('may be unchecked: the Hub is not asked', async () => {
    const { hub, apiKey, renewal } = await startLoggedIn()
    const unchecked = new ServerKey(decodeKey(apiKey), { check: never, log })
    const restarted = await startWithDevHub({ apiKey: unchecked, allowedOrigins: [PAGE] })
    await hub.close()
    const { url } = restarted.server
    expect(await renewAt(url, renewal)).toMatchObject({ status: 200 })
    const ready = await fetch(new URL('/ready', url.replace(/^ws/, 'http')))
    expect(await ready.json()).toEqual({ status: 'key_unchecked' })
  })

  it('must have the secret that the renewal was made with', async () => {
    const { apiKey, renewal } = await startLoggedIn()
    const rotated = new ServerKey({ key: apiKey.key, secret: randomBytes(24) })
    const { server } = await startWithDevHub({ apiKey: rotated, allowedOrigins: [PAGE] })
    const answer = await renewAt(server.url, renewal)
    expect(answer).toMatchObject({ status: 401, body: { code: 'renewal_refused' } })
  })

  it('must not be refused by the Hub', async () => {
    const { apiKey, renewal } = await startLoggedIn()
    const check = async () => ({ action: 'refuse', text: 'it is revoked' }) as const
    const refused = new ServerKey(decodeKey(apiKey), { check, log })
    onTestFinished(() => refused.close())
    await refused.check()
    const { server } = await startWithDevHub({ apiKey: refused, allowedOrigins: [PAGE] })
    const answer = await renewAt(server.url, renewal)
    expect(answer).toMatchObject({ status: 503, body: { code: 'hub_rejected' } })
    // A stranger learns nothing of it.
    expect(await renewAt(server.url, 'x')).toMatchObject({ status: 401 })
  })
})

it('shows in the metrics', async () => {
  const metrics = await serveMetrics()
  const { url, renewal } = await startLoggedIn({ events: metrics.events })
  await renewAt(url, renewal)
  await renewAt(url, renewal)
  await renewAt(url, 'x')
  await renewAt(url, undefined, { text: '{' })
  const found = await scrape(metrics.url)
  const counts = { ok: 2, renewal_refused: 1, bad_request: 1 }
  expect(found.counts('userauth_renewals_total', 'outcome')).toEqual(counts)
  const steps = found.counts('userauth_login_step_duration_seconds_count', 'step')
  expect(steps.renewal).toBe(2)
  expect(found.counts('userauth_logins_total', 'outcome')).toEqual({ ok: 1 })
})
