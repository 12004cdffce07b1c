import { once } from 'node:events'
import { describe, expect, it, vi } from 'vitest'
import { startWithDevHub } from '../support/login-server.js'
import { serveMetrics } from '../support/metrics.js'
import { closed, get, openTcp } from '../support/raw-http.js'
import { TestApp } from '../support/test-app.js'

/** One login a minute is ten requests. */
const TEN_REQUESTS = { limits: { loginsPerMinutePerIp: 1 } }

const HEALTH = 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n'

describe('the limit on requests', () => {
  it.each(['/nope', '/'])('refuses GET %s beyond it, and ends the connection', async (path) => {
    const { events } = await serveMetrics()
    const limitHit = vi.spyOn(events, 'limitHit')
    const { server } = await startWithDevHub({
      ...TEN_REQUESTS,
      events,
    })
    for (let request = 0; request < 10; request += 1) {
      expect((await get(server, path)).status).toBe(404)
    }
    const { status, headers, text } = await get(server, path, {
      headers: { connection: 'keep-alive' },
    })
    expect([status, text]).toEqual([429, '{"error":"Too Many Requests"}'])
    expect(headers).toMatchObject({
      connection: 'close',
      'content-type': expect.stringMatching(/json/),
    })
    expect(Number(headers['retry-after'])).toBeGreaterThan(0)
    expect(limitHit.mock.calls).toEqual([['requests_per_minute_per_ip']])
    expect((await get(server, path, { localAddress: '127.0.0.2' })).status).toBe(404)
  })

  it('counts upgrades that are refused', async () => {
    const { server } = await startWithDevHub(TEN_REQUESTS)
    const elsewhere = server.url.replace('userauth', 'elsewhere')
    for (let upgrade = 0; upgrade < 5; upgrade += 1) {
      await expect(TestApp.connect(elsewhere)).rejects.toThrow('404')
      const origin = 'https://evil.example'
      await expect(TestApp.connect(server.url, { origin })).rejects.toThrow('403')
    }
    await expect(TestApp.connect(elsewhere)).rejects.toThrow('429')
    await expect(TestApp.connect(server.url)).rejects.toThrow('429')
    expect((await get(server, '/nope')).status).toBe(429)
  })

  it.each(['/health', '/ready'])('leaves %s alone, which has one of its own', async (path) => {
    const { server } = await startWithDevHub(TEN_REQUESTS)
    for (let request = 0; request < 20; request += 1) await get(server, '/nope')
    expect((await get(server, '/nope')).status).toBe(429)
    for (let request = 0; request < 10; request += 1) {
      expect((await get(server, path)).status).toBe(200)
    }
    expect((await get(server, path)).status).toBe(429)
    expect((await get(server, path, { localAddress: '127.0.0.2' })).status).toBe(200)
  })

  it('is lifted with that on logins', async () => {
    const limits = { loginsPerMinutePerIp: Number.POSITIVE_INFINITY }
    const { server } = await startWithDevHub({ limits })
    const socket = openTcp(server)
    for (let request = 0; request < 900; request += 1) {
      socket.write(HEALTH)
      await once(socket, 'data')
    }
  })
})

describe('requests without waiting for answers', () => {
  it('are answered while they are few', async () => {
    const { server } = await startWithDevHub()
    const socket = openTcp(server)
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.write(HEALTH.repeat(4))
    await expect.poll(() => text.match(/HTTP\/1\.1 200/g)?.length).toBe(4)
  })

  it('end the connection where they are many, and after three such the address is let in no more', async () => {
    const { server } = await startWithDevHub()
    for (let round = 0; round < 3; round += 1) {
      const socket = openTcp(server)
      socket.write(HEALTH.repeat(2_000))
      await closed(socket)
    }
    const late = openTcp(server)
    await closed(late)
    expect((await get(server, '/health', { localAddress: '127.0.0.2' })).status).toBe(200)
  })
})
