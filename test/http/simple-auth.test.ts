import { randomBytes } from 'node:crypto'
import { type IncomingMessage, request } from 'node:http'
import { Client, PrivateKey } from '@textile/hub'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { ServerOptions } from '../../src/http/server.js'
import { UNREACHABLE } from '../../src/hub/key-check.js'
import { ServerKey } from '../../src/hub/server-key.js'
import { signApiMessage } from '../../src/keys/api-signature.js'
import { decodeKey } from '../support/api-key.js'
import { randomIdentity } from '../support/identity.js'
import { startWithDevHub } from '../support/login-server.js'
import { serveMetrics } from '../support/metrics.js'
import { TestApp } from '../support/test-app.js'

/** Asks a server for what the simple way gives. */
async function ask(url: string, headers: Record<string, string> = {}, method = 'GET') {
  const asked = request(new URL('/api/userauth', url.replace(/^ws/, 'http')), { method, headers })
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    asked.on('response', resolve).on('error', reject).end()
  })
  let text = ''
  for await (const chunk of response) text += chunk
  return { status: response.statusCode, headers: response.headers, body: JSON.parse(text) }
}

/** Starts a server that offers the simple way. */
function startSimple(settings: Partial<ServerOptions> = {}) {
  return startWithDevHub({ simpleAuth: true, ...settings })
}

describe('GET /api/userauth', () => {
  it('is not there unless asked for', async () => {
    const { server } = await startWithDevHub()
    expect(await ask(server.url)).toMatchObject({ status: 404, body: { error: 'Not Found' } })
  })

  it('answers a UserAuth without token, which nobody may keep', async () => {
    const { server, apiKey } = await startSimple({ userAuthTtl: 60 })
    const { status, headers, body } = await ask(server.url)
    expect(status).toBe(200)
    const { secret } = decodeKey(apiKey)
    expect(body).toEqual({
      key: apiKey.key,
      sig: signApiMessage(secret, body.msg),
      msg: expect.stringMatching(/^\d{4}-.*Z$/),
    })
    const left = Date.parse(body.msg) - Date.now()
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThanOrEqual(60_000)
    expect(headers).toMatchObject({ 'cache-control': 'no-store', vary: 'Origin' })
    expect(headers).not.toHaveProperty('access-control-allow-origin')
  })

  it('is what an app of the tutorial gets itself a token with, at the Hub', async () => {
    const { hub, server } = await startSimple()
    const { body } = await ask(server.url)
    const client = Client.withUserAuth(body, hub.url)
    const identity = PrivateKey.fromRandom()
    expect(await client.getToken(identity)).toMatch(/^ey/)
    expect(await client.listThreads()).toEqual([])
  })

  it('is for allowed pages, which may read it, and for no other', async () => {
    const page = 'https://app.example'
    const { server } = await startSimple({ allowedOrigins: [page] })
    const allowed = await ask(server.url, { origin: page })
    expect(allowed.status).toBe(200)
    expect(allowed.headers).toMatchObject({ 'access-control-allow-origin': page, vary: 'Origin' })
    const refused = await ask(server.url, { origin: 'https://evil.example' })
    expect(refused).toMatchObject({ status: 403, body: { error: 'Forbidden' } })
    expect(refused.headers).toMatchObject({ 'cache-control': 'no-store', vary: 'Origin' })
    expect(refused.headers).not.toHaveProperty('access-control-allow-origin')
  })

  it('is refused by a name that is none of this machine, where the server is for that', async () => {
    const { server } = await startSimple()
    expect((await ask(server.url, { host: 'localhost:3001' })).status).toBe(200)
    expect((await ask(server.url, { host: 'evil.example:3001' })).status).toBe(403)
  })

  it('counts like a login', async () => {
    const { events } = await serveMetrics()
    const limitHit = vi.spyOn(events, 'limitHit')
    const limits = { loginsPerMinutePerIp: 2 }
    const { server } = await startSimple({ limits, events })
    const app = await TestApp.connect(server.url)
    expect(await app.login()).toMatchObject({ type: 'token' })
    expect((await ask(server.url)).status).toBe(200)
    const origin = 'http://localhost:5173'
    const { status, headers, body } = await ask(server.url, { origin })
    expect([status, body]).toEqual([429, { error: 'Too Many Requests' }])
    expect(Number(headers['retry-after'])).toBeGreaterThan(0)
    expect(limitHit.mock.calls).toEqual([['logins_per_minute_per_ip']])
    // The page may read when to come back.
    expect(headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-expose-headers': 'Retry-After',
    })
    app.send({ type: 'token', pubkey: randomIdentity().pubkey })
    expect(await app.next()).toMatchObject({ code: 'rate_limited' })
  })

  it.each([
    ['its key is unchecked', false],
    ['the Hub is away', true],
  ])('gives nothing while %s', async (_name, isChecked) => {
    const kinds = [{ action: 'run', text: '' } as const, UNREACHABLE]
    const check = async () => kinds.shift() ?? UNREACHABLE
    const apiKey = new ServerKey(
      { key: 'bkey', secret: randomBytes(24) },
      { check, log: pino({ level: 'silent' }) },
    )
    onTestFinished(() => apiKey.close())
    if (isChecked) for (let check = 0; check < 2; check += 1) await apiKey.check()
    const { server } = await startSimple({ apiKey })
    const { status, headers, body } = await ask(server.url)
    expect([status, body]).toEqual([503, { error: 'Service Unavailable' }])
    expect(headers['retry-after']).toBe('5')
  })

  it('gives nothing while the server drains', async () => {
    const { server } = await startSimple()
    const app = await TestApp.connect(server.url)
    await app.requestChallenge(randomIdentity().pubkey)
    const closing = server.close()
    const { status, headers } = await ask(server.url)
    expect([status, headers['retry-after']]).toEqual([503, '5'])
    app.leave()
    await closing
  })

  it('takes no other method', async () => {
    const { server } = await startSimple()
    expect((await ask(server.url, {}, 'POST')).status).toBe(404)
  })
})
