import { describe, expect, it, vi } from 'vitest'
import { DEFAULT_LIMITS } from '../../src/limits/limits.js'
import { randomIdentity } from '../support/identity.js'
import { startWithDevHub, startWithFaultyHub } from '../support/login-server.js'
import { serveMetrics } from '../support/metrics.js'
import { type Scrape, scrape } from '../support/scrape.js'
import { TestApp } from '../support/test-app.js'

const PATIENCE = { timeout: 10_000, interval: 20 }

/** Starts a server, with a dev Hub behind it, that tells what happens to metrics. */
async function startObserved(settings: Parameters<typeof startWithDevHub>[0] = {}) {
  const metrics = await serveMetrics()
  const { server, hub, apiKey } = await startWithDevHub({ events: metrics.events, ...settings })
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
    const settings = { events: metrics.events, hubTimeout: 0.5 }
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

  it('show limits that are lifted as infinite', async () => {
    const metrics = await serveMetrics()
    const lifted = Number.POSITIVE_INFINITY
    const limits = { maxSockets: lifted, maxHubCalls: lifted, maxWaitingLogins: lifted }
    await startWithDevHub({ events: metrics.events, limits })
    const found = await scrape(metrics.url)
    for (const name of ['sockets', 'hub_calls', 'logins_waiting']) {
      expect(found.value(`userauth_${name}_limit`), name).toBe(lifted)
    }
  })

  it('count those for whom the Hub has no place left', async () => {
    const metrics = await serveMetrics()
    const settings = { events: metrics.events, limits: { maxHubCalls: 1 } }
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
    const limits = { loginsPerMinutePerKey: 1, maxSocketsPerIp: 2, maxWaitingLogins: 1 }
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
      sockets_per_ip: 1,
    })
    expect(found.counts('userauth_messages_refused_total', 'code')).toEqual({ invalid_pubkey: 1 })
    expect(found.counts('userauth_upgrades_refused_total', 'status')).toEqual({ 404: 1, 429: 1 })
    other.leave()
  })

  it('count those that a limit per address turns away', async () => {
    const limits = { loginsPerMinutePerIp: 1 }
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
      logins_per_minute_per_ip: 2,
      requests_per_minute_per_ip: 1,
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
