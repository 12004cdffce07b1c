import { randomBytes } from 'node:crypto'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type Server, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { startDevHub } from '../../src/dev-hub/hub.js'
import { checkKey } from '../../src/hub/key-check.js'
import { makeCertificate } from '../support/certificate.js'
import { countClientSockets } from '../support/client-sockets.js'
import { freePort, listen } from '../support/ports.js'
import { startTlsProxy } from '../support/tls-proxy.js'
import { connectForTest } from '../support/token-calls.js'

const API_KEY = { key: 'bkey', secret: randomBytes(24) }

async function startHub() {
  const hub = await startDevHub()
  onTestFinished(() => hub.close())
  return hub
}

/** Has a server listen until the test ends, and returns its host and port. */
async function serve(server: Server): Promise<string> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket))
  const port = await listen(server)
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return `127.0.0.1:${port}`
}

/** What listens at the gateway's port of a hubd: a server of web pages. */
function startGateway(): Promise<string> {
  return serve(createHttpServer((_, response) => response.writeHead(404).end()))
}

/** What the server says of a `HUB_URL` at its start. */
async function diagnose(url: string, timeout = 5): Promise<string> {
  const { connection } = connectForTest(url)
  const kind = await checkKey(connection, API_KEY, timeout)
  expect(kind.action).toBe('retry')
  expect(kind.text).toMatch(/^HUB_URL: .*; the key could not be checked, and logins are answered/)
  return kind.text
}

it.each(['grpc', 'http'])('says that nothing listens at the port of %s', async (scheme) => {
  const url = `${scheme}://127.0.0.1:${await freePort()}`
  expect(await diagnose(url)).toContain(`HUB_URL: nothing listens at ${url}: check`)
})

it('names the right address where the two endpoints are swapped', async () => {
  const { url, grpcUrl } = await startHub()
  const swapped = url.replace('http:', 'grpc:')
  expect(await diagnose(swapped)).toContain(
    `${swapped} is the address of the Hub's other endpoint: write ${url}`,
  )
  const swappedToo = grpcUrl.replace('grpc:', 'http:')
  const sockets = countClientSockets(swappedToo)
  expect(await diagnose(swappedToo)).toContain(
    `${swappedToo} is the address of the Hub's other endpoint: write ${grpcUrl}`,
  )
  expect(sockets.most).toBeLessThanOrEqual(8)
})

it('names the right address where TLS is asked for in vain', async () => {
  const { url, grpcUrl } = await startHub()
  for (const right of [url, grpcUrl]) {
    const wrong = right.replace(':', 's:')
    expect(await diagnose(wrong)).toContain(
      `${wrong} has the scheme for TLS, which the Hub does not speak there: write ${right}`,
    )
  }
})

it.each(['grpc', 'http'])(
  'says that no Hub answers %s at the port of the gateway',
  async (scheme) => {
    const url = `${scheme}://${await startGateway()}`
    expect(await diagnose(url)).toContain(`HUB_URL: no Hub answers at ${url}: check`)
  },
)

it('says that a certificate is not trusted, and how to have it trusted', async () => {
  const { url, grpcUrl } = await startHub()
  const certificate = makeCertificate()
  for (const cleartext of [url, grpcUrl]) {
    const secure = await startTlsProxy(cleartext, certificate, ['h2', 'http/1.1'])
    const text = await diagnose(secure)
    expect(text).toContain(`HUB_URL: the certificate at ${secure} isn't trusted by this machine`)
    expect(text).toContain('NODE_EXTRA_CA_CERTS')
  }
})

it('says that a Hub has not answered in time', async () => {
  const url = `grpc://${await serve(createServer())}`
  expect(await diagnose(url, 0.2)).toContain(`HUB_URL: the Hub at ${url} did not answer in time`)
})

it('does not ask what else is there once the Hub has answered', async () => {
  const hub = await startHub()
  const { connection } = connectForTest(hub.grpcUrl)
  expect(await checkKey(connection, API_KEY, 5)).toMatchObject({ action: 'refuse' })
  await hub.close()
  const { text } = await checkKey(connection, API_KEY, 5)
  expect(text).toContain('HUB_URL: the Hub gave no usable answer;')
})
