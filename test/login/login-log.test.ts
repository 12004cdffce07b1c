import { describe, expect, it, vi } from 'vitest'
import { randomIdentity } from '../support/identity.js'
import { keepLog } from '../support/kept-log.js'
import { startWithDevHub, startWithFaultyHub } from '../support/login-server.js'
import { TestApp } from '../support/test-app.js'

const PATIENCE = { timeout: 10_000, interval: 10 }
const ID = /^[0-9a-f]{12}$/

/** Waits until the log has a login's last line with this outcome, and returns the lines. */
async function loggedWith(lines: Record<string, unknown>[], outcome: string) {
  await vi.waitFor(
    () => expect(lines).toContainEqual(expect.objectContaining({ outcome })),
    PATIENCE,
  )
  return lines
}

describe("a login's lines", () => {
  it('share an id, which is that of no other login', async () => {
    const { log, lines } = keepLog('debug')
    const { server } = await startWithDevHub({ log })
    const app = await TestApp.connect(server.url)
    const identity = randomIdentity()
    await app.login(identity)
    await app.login(identity)
    await vi.waitFor(() => expect(lines.filter(({ msg }) => msg === 'login')).toHaveLength(2))

    const [first, second] = lines.filter(({ msg }) => msg === 'login')
    expect(first).toMatchObject({ id: expect.stringMatching(ID), outcome: 'ok', level: 30 })
    expect(second?.id).toMatch(ID)
    expect(second?.id).not.toBe(first?.id)
    const steps = lines.filter(({ msg, id }) => msg === 'login step' && id === first?.id)
    expect(steps.map(({ step }) => step)).toEqual(
      expect.arrayContaining(['hub_challenge', 'signature', 'hub_token']),
    )
    for (const step of steps) expect(step).toMatchObject({ level: 20, ms: expect.any(Number) })
  })

  it('have the id that the error has which the app is sent', async () => {
    const { log, lines } = keepLog('info')
    const { server } = await startWithDevHub({ log })
    const app = await TestApp.connect(server.url)
    await app.requestChallenge(randomIdentity().pubkey)
    app.sendSignature(new Uint8Array(64))
    const { code, id } = await app.next()
    expect(code).toBe('bad_signature')
    expect(id).toMatch(ID)
    const found = await loggedWith(lines, 'bad_signature')
    expect(found.map(({ id }) => id)).toEqual([id])
  })

  it('name the step in which the Hub failed, and why', async () => {
    const { log, lines } = keepLog('debug')
    const { server } = await startWithFaultyHub(async (call) => call.end(14, 'x'), { log })
    const app = await TestApp.connect(server.url)
    app.send({ type: 'token', pubkey: randomIdentity().pubkey })
    const { id } = await app.next()
    const found = await loggedWith(lines, 'hub_unavailable')
    expect(found.filter(({ id: other }) => other === id)).toMatchObject([
      { msg: 'login step', step: 'hub_challenge' },
      { msg: 'login', level: 40, reason: expect.any(String) },
    ])
  })

  it('name the limit that was hit', async () => {
    const { log, lines } = keepLog('info')
    const { server } = await startWithDevHub({ log, limits: { loginsPerMinutePerKey: 1 } })
    const app = await TestApp.connect(server.url)
    const identity = randomIdentity()
    await app.login(identity)
    app.send({ type: 'token', pubkey: identity.pubkey })
    const { code, id } = await app.next()
    expect(code).toBe('rate_limited')
    const found = await loggedWith(lines, 'rate_limited')
    expect(found.at(-1)).toMatchObject({ id, limit: 'logins_per_minute_per_key' })
  })

  it('are written where the app has left, too', async () => {
    const { log, lines } = keepLog('info')
    const { server } = await startWithDevHub({ log })
    const app = await TestApp.connect(server.url)
    await app.requestChallenge(randomIdentity().pubkey)
    app.leave()
    const [line] = await loggedWith(lines, 'app_left')
    expect(line).toMatchObject({ id: expect.stringMatching(ID), msg: 'login' })
  })

  it('hold no secret', async () => {
    const { log, lines } = keepLog('trace')
    const { server, apiKey } = await startWithDevHub({ log })
    const app = await TestApp.connect(server.url)
    const identity = randomIdentity()
    const challenge = await app.requestChallenge(identity.pubkey)
    const signature = identity.sign(challenge)
    app.sendSignature(signature)
    const { value } = await app.next()
    const text = JSON.stringify(await loggedWith(lines, 'ok'))
    const secrets = Object.values(value ?? {}).map(String)
    expect(secrets).toHaveLength(4)
    for (const bytes of [challenge, signature]) {
      const buffer = Buffer.from(bytes)
      secrets.push(...(['hex', 'base64', 'base64url'] as const).map((as) => buffer.toString(as)))
      secrets.push(JSON.stringify(Array.from(bytes)))
    }
    secrets.push(apiKey.secret, identity.pubkey)
    for (const secret of secrets) expect(text).not.toContain(secret)
  })
})

describe('an error without a login', () => {
  it('has no id, not even that of the login which goes on', async () => {
    const { log, lines } = keepLog('info')
    const { server } = await startWithDevHub({ log })
    const app = await TestApp.connect(server.url)
    const identity = randomIdentity()
    const challenge = await app.requestChallenge(identity.pubkey)
    app.send({ type: 'token', pubkey: identity.pubkey })
    const busy = await app.next()
    expect(busy).toMatchObject({ code: 'busy' })
    expect(busy).not.toHaveProperty('id')
    app.sendSignature(identity.sign(challenge))
    expect(await app.next()).toMatchObject({ type: 'token' })
    app.send({ type: 'token', pubkey: 'x' })
    const invalid = await app.next()
    expect(invalid).toMatchObject({ code: 'invalid_pubkey' })
    expect(invalid).not.toHaveProperty('id')
    expect(await loggedWith(lines, 'ok')).toHaveLength(1)
  })
})
