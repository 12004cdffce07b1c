import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { start } from '../../src/app/start.js'
import { readConfig } from '../../src/config/config.js'
import { DEFAULT_LIMITS } from '../../src/limits/limits.js'
import { startMetricsServer } from '../../src/metrics/metrics.js'
import { dataFolder } from '../support/data-folder.js'
import { serveMetrics } from '../support/metrics.js'
import { freePort } from '../support/ports.js'
import { scrape } from '../support/scrape.js'

const PATIENCE = { timeout: 10_000, interval: 20 }

describe("the metrics' port", () => {
  it('is closed where the server cannot be opened, and with the server', async () => {
    const metricsPort = await freePort()
    const dataDir = await dataFolder()
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const address = taken.address()
    const ports = { PORT: '0', DEV_HUB_PORT: '0', DEV_HUB_GRPC_PORT: '0' }
    const environment = { ...ports, METRICS_PORT: String(metricsPort), DATA_DIR: dataDir }
    const log = pino({ level: 'silent' })
    const takenPort = String(typeof address === 'object' ? address?.port : 0)
    const failing = start(readConfig({ ...environment, PORT: takenPort }), log)
    await expect(failing).rejects.toThrow(`PORT: port ${takenPort} is taken`)
    taken.close()

    const server = await start(readConfig(environment), log)
    await scrape(`http://127.0.0.1:${metricsPort}/metrics`)
    await server.close()
    const again = await startMetricsServer({ port: metricsPort, host: '127.0.0.1' })
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
    metrics.events.serverOpened({
      limits: DEFAULT_LIMITS,
      count() {
        if (isBroken) throw new Error('of no concern to a reader')
        return { logins: 0, waiting: 0, sockets: 0, connections: 0, hubCalls: 0 }
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
    metrics.events.serverOpened({
      limits: DEFAULT_LIMITS,
      count: () => ({ logins: 0, waiting: 0, sockets: 0, connections: 0, hubCalls: 0 }),
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
    const metrics = await startMetricsServer({ port: 0, host: '127.0.0.1' })
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
