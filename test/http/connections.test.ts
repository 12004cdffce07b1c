import { once } from 'node:events'
import { Writable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { makeCertificate } from '../support/certificate.js'
import { startWithDevHub } from '../support/login-server.js'
import { closed, get, openTcp } from '../support/raw-http.js'
import { TestApp } from '../support/test-app.js'

/** How many connections an address may have where it may have one socket. */
const PER_IP = 51

/** The system holds some five hundred connections that wait; those beyond try again a second later. */
const PATIENCE = { timeout: 10_000 }

const certificate = makeCertificate()

const ONE_SOCKET = { maxSocketsPerIp: 1 }

/** An app that comes from an address of its own. */
async function logInFrom(url: string, localAddress: string): Promise<void> {
  const app = await TestApp.connect(url, { localAddress })
  expect(await app.login()).toMatchObject({ type: 'token' })
  app.leave()
}

describe('connections that say nothing', () => {
  it('of one address are bounded, so that others get in', async () => {
    const { server } = await startWithDevHub({ limits: { maxSockets: 1, ...ONE_SOCKET } })
    const silent = Array.from({ length: 1_010 }, () => openTcp(server))
    await Promise.race(silent.map(closed))
    await expect.poll(() => server.count().connections).toBe(PER_IP)
    await logInFrom(server.url, '127.0.0.2')
    for (const socket of silent) socket.destroy()
    await expect.poll(() => server.count().connections).toBe(0)
    await logInFrom(server.url, '127.0.0.1')
  })

  it('are not bounded for an address where that is lifted', async () => {
    const limits = { maxSocketsPerIp: Number.POSITIVE_INFINITY }
    const { server } = await startWithDevHub({ limits })
    for (let socket = 0; socket < 200; socket += 1) openTcp(server)
    await expect.poll(() => server.count().connections).toBe(200)
  })

  it('are not bounded for a trusted proxy, and say nothing of its clients', async () => {
    const settings = { limits: ONE_SOCKET, trustedProxies: ['127.0.0.1'] }
    const { server } = await startWithDevHub(settings)
    for (let socket = 0; socket < 200; socket += 1) openTcp(server)
    await expect.poll(() => server.count().connections).toBe(200)
  })

  it.each([
    ['TCP', undefined],
    ['TLS', certificate],
  ])(
    'of the fullest address give way where there are as many as there may be, by %s',
    async (_by, tls) => {
      const limits = { maxSockets: 1, maxSocketsPerIp: 550 }
      const { server } = await startWithDevHub({ limits, tls })
      const client = { ca: certificate.cert }
      // Opened first: of those that say nothing, the oldest would go.
      const open = await TestApp.connect(server.url, { ...client, localAddress: '127.0.0.3' })
      const crowd = Array.from({ length: 599 }, () => openTcp(server, '127.0.0.3'))
      const few = Array.from({ length: 401 }, () => openTcp(server, '127.0.0.4'))
      await expect.poll(() => server.count().connections, PATIENCE).toBe(1_001)
      openTcp(server, '127.0.0.2')
      await Promise.race(crowd.map(closed))
      await turn()
      expect(crowd.filter((socket) => socket.closed)).toHaveLength(1)
      expect(few.filter((socket) => socket.closed)).toHaveLength(0)
      expect(await open.login()).toMatchObject({ type: 'token' })
    },
  )
})

describe('a connection that is kept', () => {
  it('ends after a thousand requests', async () => {
    const limits = { loginsPerMinutePerIp: Number.POSITIVE_INFINITY }
    const { server } = await startWithDevHub({ limits })
    const socket = openTcp(server)
    for (let request = 1; request <= 1_000; request += 1) {
      socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n')
      const [answer] = await once(socket, 'data')
      expect(String(answer)).toMatch(/^HTTP\/1\.1 200 /)
      expect(/connection: close/i.test(String(answer))).toBe(request === 1_000)
    }
    await closed(socket)
  })
})

describe('an address that holds most connections', () => {
  it('and names clients of its own without being trusted is in the log once', async () => {
    let lines = ''
    const stream = new Writable({
      write(chunk, _encoding, done) {
        lines += chunk
        done()
      },
    })
    const { server } = await startWithDevHub({ log: pino({ level: 'warn' }, stream) })
    const headers = { 'x-forwarded-for': '192.0.2.7' }
    await get(server, '/health', { headers, localAddress: '127.0.0.2' })
    expect(lines).toBe('')
    for (let socket = 0; socket < 20; socket += 1) openTcp(server)
    await expect.poll(() => server.count().connections).toBe(20)
    await get(server, '/health', { headers, localAddress: '127.0.0.2' })
    expect(lines).toBe('')
    for (let round = 0; round < 3; round += 1) await get(server, '/health', { headers })
    expect(lines.trim().split('\n')).toHaveLength(1)
    expect(lines).toContain('TRUSTED_PROXIES: 127.0.0.1')
    expect(lines).not.toContain('192.0.2.7')
  })
})
