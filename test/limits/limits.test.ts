import { describe, expect, it, onTestFinished } from 'vitest'
import { startDevHub } from '../../src/dev-hub/hub.js'
import type { Script } from '../support/faulty-hub.js'
import { randomIdentity } from '../support/identity.js'
import { expectNoLoginLeft, expectNothingLeft } from '../support/leftovers.js'
import { startWithDevHub, startWithFaultyHub } from '../support/login-server.js'
import { TestApp } from '../support/test-app.js'

describe('a limit that is not above 0', () => {
  it.each([0, -1, Number.NaN])('is refused, as %d would let nobody in', async (maxSockets) => {
    await expect(startWithDevHub({ limits: { maxSockets } })).rejects.toThrow(
      /^limits\.maxSockets: must be above 0, .*Infinity lifts/,
    )
  })
})

describe('the limit on logins', () => {
  it('of an address counts junk too', async () => {
    const { server } = await startWithDevHub({ limits: { loginsPerMinutePerIp: 3 } })
    const app = await TestApp.connect(server.url)
    app.send({ type: 'token', pubkey: 'nonsense' })
    expect(await app.next()).toMatchObject({ code: 'invalid_pubkey' })
    app.sendSignature(new Uint8Array(64))
    expect(await app.next()).toMatchObject({ code: 'no_challenge' })
    expect(await app.login()).toMatchObject({ type: 'token' })
    app.send({ type: 'token', pubkey: randomIdentity().pubkey })
    const refusal = await app.next()
    expect(refusal).toMatchObject({ type: 'error', code: 'rate_limited' })
    expect(refusal.retryAfter).toBeGreaterThan(0)
    expect(refusal.retryAfter).toBeLessThanOrEqual(60)
  })

  it('of a key counts tokens that were earned, and nothing that strangers do', async () => {
    const { server } = await startWithDevHub({ limits: { loginsPerMinutePerKey: 2 } })
    const identity = randomIdentity()
    const stranger = await TestApp.connect(server.url)
    for (let login = 0; login < 5; login += 1) {
      await stranger.requestChallenge(identity.pubkey)
      stranger.sendSignature(new Uint8Array(64))
      expect(await stranger.next()).toMatchObject({ code: 'bad_signature' })
    }
    const app = await TestApp.connect(server.url)
    expect(await app.login(identity)).toMatchObject({ type: 'token' })
    expect(await app.login(identity)).toMatchObject({ type: 'token' })
    app.send({ type: 'token', pubkey: identity.pubkey })
    expect(await app.next()).toMatchObject({ code: 'rate_limited', retryAfter: expect.any(Number) })
    expect(await app.login(randomIdentity())).toMatchObject({ type: 'token' })
  })

  it('of a key holds for logins that run at once', async () => {
    const { server } = await startWithDevHub({ limits: { loginsPerMinutePerKey: 2 } })
    const identity = randomIdentity()
    const apps = await Promise.all(Array.from({ length: 5 }, () => TestApp.connect(server.url)))
    const challenges = await Promise.all(apps.map((app) => app.requestChallenge(identity.pubkey)))
    const outcomes = await Promise.all(
      apps.map((app, index) => {
        app.sendSignature(identity.sign(challenges[index] ?? new Uint8Array()))
        return app.next()
      }),
    )
    expect(outcomes.filter(({ type }) => type === 'token')).toHaveLength(2)
    expect(outcomes.filter(({ code }) => code === 'rate_limited')).toHaveLength(3)
  })

  it('is lifted by Infinity', async () => {
    const limits = {
      loginsPerMinutePerIp: Number.POSITIVE_INFINITY,
      loginsPerMinutePerKey: Number.POSITIVE_INFINITY,
    }
    const { server } = await startWithDevHub({ limits })
    for (let socket = 0; socket < 40; socket += 1) {
      const app = await TestApp.connect(server.url)
      for (let message = 0; message < 10; message += 1) {
        app.sendSignature(new Uint8Array(64))
        expect(await app.next()).toMatchObject({ code: 'no_challenge' })
      }
      app.leave()
    }
  })
})

describe('the limit on what the Hub is asked', () => {
  it('answers overloaded beyond its queue', async () => {
    const script: Script = async () => {}
    const limits = { maxHubCalls: 1 }
    const { hub, server } = await startWithFaultyHub(script, { limits, hubTimeout: 60 })
    const ask = async () => {
      const app = await TestApp.connect(server.url)
      app.send({ type: 'token', pubkey: randomIdentity().pubkey })
      return app
    }
    const asking = await ask()
    await expect.poll(() => hub.openCalls).toBe(1)
    const queueing = await ask()
    await expect.poll(() => server.count().logins).toBe(2)
    const refused = await ask()
    expect(await refused.next()).toMatchObject({ code: 'overloaded', retryAfter: 2 })
    for (const app of [asking, queueing, refused]) app.leave()
    await expectNothingLeft(server, hub)
  })

  it('does not count logins that wait for their users', async () => {
    const { server } = await startWithDevHub({ limits: { maxHubCalls: 1 } })
    for (let login = 0; login < 5; login += 1) {
      const app = await TestApp.connect(server.url)
      await app.requestChallenge(randomIdentity().pubkey)
    }
    const app = await TestApp.connect(server.url)
    expect(await app.login()).toMatchObject({ type: 'token' })
  })
})

describe('the limit on logins that wait', () => {
  it('has the crowd give up a place', async () => {
    const { hub, server } = await startWithDevHub({ limits: { maxWaitingLogins: 2 } })
    const [first, second, third] = [
      await TestApp.connect(server.url),
      await TestApp.connect(server.url),
      await TestApp.connect(server.url),
    ]
    await first.requestChallenge(randomIdentity().pubkey)
    await second.requestChallenge(randomIdentity().pubkey)
    expect(await third.login()).toMatchObject({ type: 'token' })
    expect(await first.next()).toMatchObject({ code: 'overloaded', retryAfter: 5 })
    second.leave()
    await expectNoLoginLeft(server, hub)
  })
})

describe('a Hub that comes and goes', () => {
  it('is left alone while it is down, and found again', async () => {
    const { hub, server, apiKey } = await startWithDevHub({ limits: { idleTimeout: 60 } })
    const app = await TestApp.connect(server.url)
    expect(await app.login()).toMatchObject({ type: 'token' })
    const port = Number(new URL(hub.url).port)
    await hub.close()
    for (let login = 0; login < 12; login += 1) {
      app.send({ type: 'token', pubkey: randomIdentity().pubkey })
      expect(await app.next()).toMatchObject({ code: 'hub_unavailable' })
    }
    const again = await startDevHub({ port, apiKeys: [apiKey] })
    onTestFinished(() => again.close())
    await expect
      .poll(
        () =>
          app.login().then(
            ({ type }) => type,
            () => 'failed',
          ),
        { timeout: 10_000 },
      )
      .toBe('token')
  })

  it('that revokes the key while the server runs is reported as such', async () => {
    const { hub, server, apiKey } = await startWithDevHub()
    const app = await TestApp.connect(server.url)
    const identity = randomIdentity()
    const challenge = await app.requestChallenge(identity.pubkey)
    apiKey.isRevoked = true
    app.sendSignature(identity.sign(challenge))
    expect(await app.next()).toMatchObject({ type: 'token' })
    app.send({ type: 'token', pubkey: identity.pubkey })
    expect(await app.next()).toMatchObject({ code: 'hub_rejected' })
    await expectNoLoginLeft(server, hub)
  })
})

describe('a server that stops', () => {
  it('lets logins end, takes no new ones, and tells idle apps', async () => {
    const { hub, server } = await startWithDevHub()
    const [busy, idle] = [await TestApp.connect(server.url), await TestApp.connect(server.url)]
    const identity = randomIdentity()
    const challenge = await busy.requestChallenge(identity.pubkey)
    const closed = server.close()
    expect(await idle.next()).toMatchObject({ type: 'error', code: 'shutting_down' })
    expect(await idle.closed()).toBe(1001)
    const ready = await fetch(new URL('/ready', server.url.replace(/^ws/, 'http')))
    expect([ready.status, await ready.json()]).toEqual([503, { status: 'draining' }])
    await expect(TestApp.connect(server.url)).rejects.toThrow('503')
    busy.sendSignature(identity.sign(challenge))
    expect(await busy.next()).toMatchObject({ type: 'token' })
    expect(await busy.closed()).toBe(1001)
    await closed
    await expectNothingLeft(server, hub)
  })

  it('ends what is not done in time', async () => {
    const { hub, server } = await startWithDevHub({ limits: { shutdownTimeout: 0.1 } })
    const app = await TestApp.connect(server.url)
    await app.requestChallenge(randomIdentity().pubkey)
    const closed = server.close()
    expect(await app.next()).toMatchObject({ type: 'error', code: 'shutting_down' })
    expect(await app.closed()).toBe(1001)
    await closed
    await expectNothingLeft(server, hub)
  })
})
