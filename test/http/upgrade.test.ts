import { once } from 'node:events'
import { request } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { ServerOptions } from '../../src/http/server.js'
import { startWithDevHub } from '../support/login-server.js'
import { TestApp } from '../support/test-app.js'

/** Asks for an upgrade and returns what the server answers. */
async function upgrade(url: string, headers: Record<string, string> = {}) {
  const asked = request(url.replace(/^ws/, 'http'), {
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    },
  })
  asked.end()
  const [response, socket] = await Promise.race([once(asked, 'upgrade'), once(asked, 'response')])
  onTestFinished(() => {
    asked.destroy()
    socket?.destroy()
  })
  response.resume()
  return { status: response.statusCode, retryAfter: response.headers['retry-after'] }
}

type Case = [what: string, headers: Record<string, string>, status: number]

async function expectStatuses(settings: Partial<ServerOptions>, cases: Case[]): Promise<void> {
  const { server } = await startWithDevHub(settings)
  for (const [what, headers, status] of cases) {
    expect([what, (await upgrade(server.url, headers)).status]).toEqual([what, status])
  }
}

describe('by its origin, an upgrade', () => {
  it('from pages of this machine passes, unless others are named', () =>
    expectStatuses({}, [
      ['no browser', {}, 101],
      ['localhost', { origin: 'http://localhost' }, 101],
      ['another port', { origin: 'https://localhost:5173' }, 101],
      ['127.0.0.1', { origin: 'http://127.0.0.1:3001' }, 101],
      ['IPv6', { origin: 'http://[::1]:8080' }, 101],
      ['a stranger', { origin: 'https://evil.example' }, 403],
      ['a stranger called localhost', { origin: 'http://localhost.evil.example' }, 403],
      ['a stranger with localhost as user', { origin: 'http://localhost:1@evil.example' }, 403],
      ['a sandboxed page', { origin: 'null' }, 403],
      ['nothing', { origin: '' }, 403],
      ['control characters', { origin: 'http://localhost\tx' }, 403],
    ]))

  it('passes from those on the list alone', () =>
    expectStatuses({ allowedOrigins: ['https://app.example'] }, [
      ['no browser', {}, 101],
      ['the app', { origin: 'https://app.example' }, 101],
      ['the app without TLS', { origin: 'http://app.example' }, 403],
      ['another port', { origin: 'https://app.example:444' }, 403],
      ['a subdomain', { origin: 'https://x.app.example' }, 403],
      ['this machine', { origin: 'http://localhost:3000' }, 403],
    ]))

  it('passes from none where the list is empty', () =>
    expectStatuses({ allowedOrigins: [] }, [
      ['no browser', {}, 101],
      ['this machine', { origin: 'http://localhost:3000' }, 403],
    ]))

  it('passes from everywhere with *', () =>
    expectStatuses({ allowedOrigins: '*' }, [['a stranger', { origin: 'https://x.example' }, 101]]))
})

describe('by its host, an upgrade', () => {
  it('passes with names of this machine, where the server listens for that only', () =>
    expectStatuses({}, [
      ['localhost', { host: 'localhost:3001' }, 101],
      ['IPv6', { host: '[::1]:3001' }, 101],
      ['a domain that points here', { host: 'evil.example:3001' }, 403],
      ['a domain called localhost', { host: 'localhost.evil.example' }, 403],
    ]))

  it('passes with any name, where the server listens for others too', () =>
    expectStatuses({ host: '0.0.0.0' }, [['a domain', { host: 'login.example' }, 101]]))
})

describe('by its number, an upgrade', () => {
  it('is refused beyond the most sockets of one address', async () => {
    const { server } = await startWithDevHub({ limits: { maxSocketsPerIp: 2 } })
    const first = await TestApp.connect(server.url)
    await TestApp.connect(server.url)
    expect(await upgrade(server.url)).toEqual({ status: 429, retryAfter: '5' })
    first.leave()
    await first.closed()
    await expect.poll(() => server.count().sockets).toBe(1)
    expect((await upgrade(server.url)).status).toBe(101)
  })

  it('is refused beyond the most sockets of all', async () => {
    const { server } = await startWithDevHub({ limits: { maxSockets: 1 } })
    await TestApp.connect(server.url)
    expect(await upgrade(server.url)).toEqual({ status: 503, retryAfter: '5' })
  })

  it('passes whatever the number, where limits are lifted', async () => {
    const limits = {
      maxSockets: Number.POSITIVE_INFINITY,
      maxSocketsPerIp: Number.POSITIVE_INFINITY,
      loginsPerMinutePerIp: Number.POSITIVE_INFINITY,
    }
    const { server } = await startWithDevHub({ limits })
    for (let round = 0; round < 5; round += 1) {
      expect((await upgrade(server.url)).status).toBe(101)
    }
  })

  it('does not get one more place by asking all at once', async () => {
    const { server } = await startWithDevHub({ limits: { maxSockets: 3 } })
    const asked = Array.from({ length: 20 }, () => upgrade(server.url))
    const statuses = (await Promise.all(asked)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 101)).toHaveLength(3)
    expect(server.count().sockets).toBe(3)
  })

  it('is refused where an address connects and leaves too often', async () => {
    const { server } = await startWithDevHub({ limits: { loginsPerMinutePerIp: 1 } })
    for (let round = 0; round < 10; round += 1) (await TestApp.connect(server.url)).leave()
    const { status, retryAfter } = await upgrade(server.url)
    expect(status).toBe(429)
    expect(Number(retryAfter)).toBeGreaterThan(0)
    expect(Number(retryAfter)).toBeLessThanOrEqual(60)
  })

  it('is counted for the address that a trusted proxy names, and no other', async () => {
    const settings = { limits: { maxSocketsPerIp: 1 } }
    const { server } = await startWithDevHub({ ...settings, trustedProxies: ['127.0.0.0/8'] })
    const from = (address: string) => upgrade(server.url, { 'x-forwarded-for': address })
    expect((await from('192.0.2.1')).status).toBe(101)
    expect((await from('192.0.2.1')).status).toBe(429)
    expect((await from('192.0.2.2')).status).toBe(101)
    // What a client writes there itself stands to the left of what the proxy adds.
    expect((await from('192.0.2.9, 192.0.2.1')).status).toBe(429)
  })

  it('is counted for its peer, whatever it claims, where no proxy is trusted', async () => {
    const { server } = await startWithDevHub({ limits: { maxSocketsPerIp: 1 } })
    const from = (address: string) => upgrade(server.url, { 'x-forwarded-for': address })
    expect((await from('192.0.2.1')).status).toBe(101)
    expect((await from('192.0.2.2')).status).toBe(429)
  })
})
