import { once } from 'node:events'
import { connect } from 'node:net'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Metrics, openMetrics } from '../../src/metrics/metrics.js'
import { DEFAULT_LIMITS } from '../../src/server/limits.js'
import { withMetrics } from '../../src/with-metrics.js'
import { randomIdentity } from '../support/identity.js'
import { startWithDevHub, startWithFaultyHub } from '../support/login-server.js'
import { freePort } from '../support/ports.js'
import { type Scrape, scrape } from '../support/scrape.js'
import { TestApp } from '../support/test-app.js'

const PATIENCE = { timeout: 10_000, interval: 20 }

/** Serves metrics on a free port, until the test's end. */
async function serveMetrics(): Promise<Metrics> {
  const metrics = await openMetrics({ port: 0, host: '127.0.0.1' })
  onTestFinished(() => metrics.close())
  return metrics
}

/** Starts a server, with a dev Hub behind it, that tells what happens to metrics. */
async function startObserved(settings: Parameters<typeof startWithDevHub>[0] = {}) {
  const metrics = await serveMetrics()
  const { server, hub, apiKey } = await startWithDevHub({ observer: metrics.observer, ...settings })
  return { metrics, server, hub, apiKey }
}

describe('the metrics', () => {
  it('count logins by their outcome, and time the steps of each', async () => {
    const { metrics, server } = await startObserved()
    const app = await TestApp.connect(server.url)
    const identity = randomIdentity()
    expect(await app.login(identity)).toMatchObject({ type: 'token' })
    expect(await app.login(identity)).toMatchObject({ type: 'token' })
    await app.requestChallenge(identity.pubkey)
    app.sendSignature(randomIdentity().sign(new Uint8Array(32)))
    expect(await app.next()).toMatchObject({ code: 'bad_signature' })
    await app.requestChallenge(identity.pubkey)
    app.leave()

    await vi.waitFor(async () => {
      const found = await scrape(metrics.url)
      expect(found.counts('userauth_logins_total', 'outcome')).toEqual({
        ok: 2,
        bad_signature: 1,
        app_left: 1,
      })
      expect(found.counts('userauth_login_step_duration_seconds_count', 'step')).toMatchObject({
        hub_challenge: 4,
        signature: 4,
        hub_token: 3,
      })
    }, PATIENCE)
  })

  it('show what is open while it is, and nothing when it is gone', async () => {
    const { metrics, server } = await startObserved()
    const app = await TestApp.connect(server.url)
    await app.requestChallenge(randomIdentity().pubkey)
    const during = await scrape(metrics.url)
    expect(during.value('userauth_sockets_open')).toBe(1)
    expect(during.value('userauth_sockets_limit')).toBe(DEFAULT_LIMITS.maxSockets)
    expect(during.value('userauth_logins_running')).toBe(1)
    expect(during.value('userauth_logins_waiting')).toBe(1)
    expect(during.value('userauth_hub_calls_in_flight')).toBe(0)
    expect(during.value('userauth_ready')).toBe(1)
    app.leave()
    await vi.waitFor(async () => {
      const after = await scrape(metrics.url)
      expect(after.value('userauth_sockets_open')).toBe(0)
      expect(after.value('userauth_logins_running')).toBe(0)
      expect(after.value('userauth_logins_waiting')).toBe(0)
    }, PATIENCE)
  })

  it('show the calls that the Hub has not answered, and that it counts as down', async () => {
    const metrics = await serveMetrics()
    const settings = { observer: metrics.observer, hubTimeout: 0.5 }
    const { server } = await startWithFaultyHub(async () => {}, settings)
    const apps = await Promise.all(Array.from({ length: 10 }, () => TestApp.connect(server.url)))
    for (const app of apps) app.send({ type: 'token', pubkey: randomIdentity().pubkey })
    await vi.waitFor(() => expect(server.count().hubCalls).toBe(10), PATIENCE)
    const during = await scrape(metrics.url)
    expect(during.value('userauth_hub_calls_in_flight')).toBe(10)
    expect(during.value('userauth_hub_down')).toBe(0)
    await Promise.all(apps.map((app) => app.next()))

    const after = await scrape(metrics.url)
    expect(after.value('userauth_hub_calls_in_flight')).toBe(0)
    expect(after.value('userauth_hub_down')).toBe(1)
    expect(after.value('userauth_ready')).toBe(0)
    expect(after.counts('userauth_logins_total', 'outcome')).toEqual({ hub_timeout: 10 })
    const steps = 'userauth_login_step_duration_seconds'
    expect(after.value(`${steps}_count`, { step: 'hub_challenge' })).toBe(10)
    expect(after.value(`${steps}_bucket`, { step: 'hub_challenge', le: '0.25' })).toBe(0)
  })

  it('count those for whom the Hub has no place left', async () => {
    const metrics = await serveMetrics()
    const settings = { observer: metrics.observer, limits: { maxHubCalls: 1 } }
    const { server } = await startWithFaultyHub(async () => {}, settings)
    const apps = await Promise.all(Array.from({ length: 3 }, () => TestApp.connect(server.url)))
    for (const app of apps) app.send({ type: 'token', pubkey: randomIdentity().pubkey })
    expect(await Promise.race(apps.map((app) => app.next()))).toMatchObject({ code: 'overloaded' })
    const found = await scrape(metrics.url)
    expect(found.value('userauth_hub_calls_in_flight')).toBe(1)
    expect(found.value('userauth_hub_calls_limit')).toBe(1)
    expect(found.counts('userauth_limits_hit_total', 'limit')).toEqual({ hub_calls: 1 })
    for (const app of apps) app.leave()
  })

  it('count limits hit, and messages and upgrades refused', async () => {
    const limits = { loginsPerMinutePerKey: 1, maxSocketsPerAddress: 2, maxWaitingLogins: 1 }
    const { metrics, server } = await startObserved({ limits })
    const app = await TestApp.connect(server.url)
    const identity = randomIdentity()
    expect(await app.login(identity)).toMatchObject({ type: 'token' })
    app.send({ type: 'token', pubkey: identity.pubkey })
    expect(await app.next()).toMatchObject({ code: 'rate_limited' })
    app.send({ type: 'token', pubkey: 'x' })
    expect(await app.next()).toMatchObject({ code: 'invalid_pubkey' })
    await app.requestChallenge(randomIdentity().pubkey)
    const other = await TestApp.connect(server.url)
    await other.requestChallenge(randomIdentity().pubkey)
    expect(await app.next()).toMatchObject({ code: 'overloaded' })
    await expect(TestApp.connect(server.url)).rejects.toThrow()
    const elsewhere = server.url.replace('userauth', 'elsewhere')
    await expect(TestApp.connect(elsewhere)).rejects.toThrow()

    const found = await scrape(metrics.url)
    expect(found.counts('userauth_limits_hit_total', 'limit')).toEqual({
      logins_per_minute_per_key: 1,
      waiting_logins: 1,
      sockets_per_address: 1,
    })
    expect(found.counts('userauth_messages_refused_total', 'code')).toEqual({ invalid_pubkey: 1 })
    expect(found.counts('userauth_upgrades_refused_total', 'status')).toEqual({ 404: 1, 429: 1 })
    other.leave()
  })

  it('count those that a limit per address turns away', async () => {
    const limits = { loginsPerMinutePerAddress: 1 }
    const { metrics, server } = await startObserved({ limits })
    const app = await TestApp.connect(server.url)
    expect(await app.login()).toMatchObject({ type: 'token' })
    app.send({ type: 'token', pubkey: randomIdentity().pubkey })
    expect(await app.next()).toMatchObject({ code: 'rate_limited' })
    app.send({ type: 'token', pubkey: 'x' })
    expect(await app.next()).toMatchObject({ code: 'rate_limited' })
    // An address may upgrade ten times for each login that it may start.
    for (let upgrade = 1; upgrade < 10; upgrade += 1) (await TestApp.connect(server.url)).leave()
    await expect(TestApp.connect(server.url)).rejects.toThrow()

    const found = await scrape(metrics.url)
    expect(found.counts('userauth_limits_hit_total', 'limit')).toEqual({
      logins_per_minute_per_address: 2,
      upgrades_per_minute_per_address: 1,
    })
  })

  it('have every count from the start, with nothing of a client in a label', async () => {
    const { metrics, server, apiKey } = await startObserved()
    const before = await scrape(metrics.url)
    const app = await TestApp.connect(server.url)
    const identity = randomIdentity()
    const message = await app.login(identity)
    app.send({ type: 'token', pubkey: 'x-a-key-of-its-own' })
    await app.next()
    const after = await scrape(metrics.url)

    const namesOf = ({ samples }: Scrape) =>
      samples
        .filter(({ name }) => name.startsWith('userauth_'))
        .map(({ name, labels }) => `${name} ${JSON.stringify(labels)}`)
    expect(namesOf(after)).toEqual(namesOf(before))
    const secrets = [identity.pubkey, apiKey.key, apiKey.secret, '127.0.0.1', 'x-a-key-of-its-own']
    for (const secret of [...secrets, ...tokensOf(message)])
      expect(after.text).not.toContain(secret)
  })

  it('are not ready once the server stops, and are there until it has', async () => {
    const { metrics, server } = await startObserved()
    const app = await TestApp.connect(server.url)
    await app.requestChallenge(randomIdentity().pubkey)
    const closed = server.close()
    const during = await scrape(metrics.url)
    expect(during.value('userauth_ready')).toBe(0)
    expect(during.value('userauth_logins_running')).toBe(1)
    app.leave()
    await closed
    await metrics.close()
    await expect(scrape(metrics.url)).rejects.toThrow()
  })
})

/** The texts of a token message's UserAuth. */
function tokensOf({ value }: Record<string, unknown>): string[] {
  if (typeof value !== 'object' || value === null) throw new Error('no UserAuth')
  const texts = Object.values(value).map(String)
  expect(texts).toHaveLength(4)
  return texts
}

describe("the metrics' port", () => {
  it('is let go of where the server cannot be opened, and with the server', async () => {
    const log = pino({ level: 'silent' })
    const address = { port: await freePort(), host: '127.0.0.1' }
    const failing = withMetrics(address, log, () => Promise.reject(new Error('no server')))
    await expect(failing).rejects.toThrow('no server')
    const server = await withMetrics(address, log, async (observer) => {
      const { server } = await startWithDevHub({ observer })
      return server
    })
    await scrape(`http://127.0.0.1:${address.port}/metrics`)
    await server.close()
    const again = await openMetrics(address)
    await again.close()
  })

  it.each([
    ['GET', '/metrics', 200],
    ['GET', '/metrics?name=x', 200],
    ['HEAD', '/metrics', 200],
    ['POST', '/metrics', 405],
    ['DELETE', '/metrics', 405],
    ['GET', '/', 404],
    ['GET', '/metrics/', 404],
    ['POST', '/ready', 404],
  ])('answers %s %s with %i', async (method, path, status) => {
    const { url } = await serveMetrics()
    const response = await fetch(new URL(path, url), { method })
    expect(response.status).toBe(status)
    expect(response.headers.get('allow')).toBe(status === 405 ? 'GET, HEAD' : null)
    const text = await response.text()
    expect(text.includes('# HELP')).toBe(method === 'GET' && status === 200)
  })

  it('takes no other name than those of this machine, while it listens for it alone', async () => {
    const { url } = await serveMetrics()
    const { port } = new URL(url)
    const answer = await exchange(Number(port), 'GET /metrics HTTP/1.1\r\nHost: evil.test\r\n\r\n')
    expect(answer).toMatch(/^HTTP\/1\.1 403 /)
    expect(answer).not.toContain('# HELP')
  })

  it('answers 500 where a metric cannot be read, and then goes on', async () => {
    const metrics = await serveMetrics()
    let isBroken = true
    metrics.observer.serverOpened({
      limits: DEFAULT_LIMITS,
      count() {
        if (isBroken) throw new Error('of no concern to a reader')
        return { logins: 0, waiting: 0, sockets: 0, hubCalls: 0 }
      },
      isHubDown: () => false,
      findReadiness: async () => 'ready',
    })
    const response = await fetch(metrics.url)
    expect(response.status).toBe(500)
    expect(await response.text()).toBe('Internal Server Error\n')
    isBroken = false
    expect((await scrape(metrics.url)).value('userauth_ready')).toBe(1)
  })

  it('says that it is not ready where the Hub takes too long to tell', async () => {
    const metrics = await serveMetrics()
    metrics.observer.serverOpened({
      limits: DEFAULT_LIMITS,
      count: () => ({ logins: 0, waiting: 0, sockets: 0, hubCalls: 0 }),
      isHubDown: () => false,
      findReadiness: () => new Promise(() => {}),
    })
    expect((await scrape(metrics.url)).value('userauth_ready')).toBe(0)
  })

  it('cuts off who never finishes a request', async () => {
    const { url } = await serveMetrics()
    const answer = await exchange(Number(new URL(url).port), 'GET /metrics HTTP/1.1\r\n')
    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
  })

  it('takes twenty connections at once, and no more', async () => {
    const { url } = await serveMetrics()
    const port = Number(new URL(url).port)
    const held = Array.from({ length: 20 }, () => connect(port, '127.0.0.1'))
    onTestFinished(() => {
      for (const socket of held) socket.destroy()
    })
    await Promise.all(held.map((socket) => once(socket, 'connect')))
    await expect(scrape(url)).rejects.toThrow('fetch failed')
    held.pop()?.destroy()
    await vi.waitFor(() => scrape(url), PATIENCE)
  })

  it('is closed though connections are open', async () => {
    const metrics = await openMetrics({ port: 0, host: '127.0.0.1' })
    const held = exchange(Number(new URL(metrics.url).port), '')
    await scrape(metrics.url)
    await metrics.close()
    expect(await held).toBe('')
  })
})

/** Sends text on a connection, and returns what comes until its end. */
async function exchange(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => {
    socket.destroy()
  })
  socket.write(text)
  let answer = ''
  socket.on('data', (data) => {
    answer += data
  })
  socket.on('error', () => {})
  await new Promise((resolve) => socket.on('close', resolve))
  return answer
}
