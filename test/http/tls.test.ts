import { once } from 'node:events'
import { connect as connectPlain, type Socket } from 'node:net'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { withDeadline } from '../../src/deadline.js'
import { type Certificate, makeCertificate } from '../support/certificate.js'
import { randomIdentity } from '../support/identity.js'
import { expectNothingLeft } from '../support/leftovers.js'
import { startWithDevHub } from '../support/login-server.js'
import { TestApp } from '../support/test-app.js'

const certificate = makeCertificate()
const { cert: ca } = certificate

/** Starts a server that serves TLS. */
async function startWithTls(settings = {}) {
  const started = await startWithDevHub({ tls: certificate, ...settings })
  const port = Number(new URL(started.server.url).port)
  return { ...started, port }
}

/** Opens a TLS connection to a port of this machine, and waits for the handshake. */
async function shakeHands(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', ca, ...options })
  onTestFinished(() => {
    socket.destroy()
  })
  await once(socket, 'secureConnect')
  return socket
}

/** Opens a TCP connection that says nothing by itself. */
function openSilent(port: number): Socket {
  const socket = connectPlain(port, '127.0.0.1')
  onTestFinished(() => {
    socket.destroy()
  })
  return socket.on('error', () => {}).resume()
}

/** Waits until a socket is closed, by whatever way: `once` would reject where it is reset. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()))
}

/** The certificate that a server shows to a new connection. */
async function shownAt(port: number, { cert }: Certificate): Promise<string> {
  const socket = await shakeHands(port, { ca: cert })
  const { fingerprint256 } = socket.getPeerCertificate()
  socket.destroy()
  return fingerprint256
}

describe('with a certificate, a server', () => {
  it('logs users in by wss, and says so in its address', async () => {
    const { hub, server } = await startWithTls()
    expect(server.url).toMatch(/^wss:\/\/127\.0\.0\.1:\d+\/ws\/userauth$/)
    const app = await TestApp.connect(server.url, { ca })
    expect(await app.login()).toMatchObject({ type: 'token' })
    app.leave()
    await expectNothingLeft(server, hub)
  })

  it('answers requests by https, and refuses upgrades as ever', async () => {
    const { server, port } = await startWithTls()
    const socket = await shakeHands(port)
    socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
    const [answer] = await once(socket, 'data')
    expect(String(answer)).toMatch(/^HTTP\/1\.1 200 /)
    const origin = 'https://evil.example'
    await expect(TestApp.connect(server.url, { ca, origin })).rejects.toThrow('403')
  })

  it('speaks TLS 1.2 and 1.3, and nothing older', async () => {
    const { port } = await startWithTls()
    // The client would refuse the old ones by itself at any other level.
    const ciphers = 'DEFAULT@SECLEVEL=0'
    const speak = (version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3') =>
      shakeHands(port, { minVersion: version, maxVersion: version, ciphers })
    expect((await speak('TLSv1.3')).getProtocol()).toBe('TLSv1.3')
    expect((await speak('TLSv1.2')).getProtocol()).toBe('TLSv1.2')
    await expect(speak('TLSv1.1')).rejects.toMatchObject({
      code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    })
  })

  it('survives strangers that speak no TLS, or half of it, and logs nothing of them', async () => {
    const lines: string[] = []
    const log = pino({ level: 'info' }, { write: (line) => lines.push(line) })
    const { server, port } = await startWithTls({ log })
    const hello = Buffer.from('16030100ff010000fb0303', 'hex')
    for (const bytes of ['nonsense\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n', Buffer.alloc(70_000)]) {
      const socket = openSilent(port)
      socket.write(bytes)
      await closed(socket)
    }
    for (let stranger = 0; stranger < 20; stranger += 1) {
      const socket = openSilent(port)
      await once(socket, 'connect')
      socket.write(hello)
      socket.resetAndDestroy()
    }
    const distrusting = connect({ port, host: '127.0.0.1' })
    await expect(once(distrusting, 'secureConnect')).rejects.toThrow('self-signed')
    expect(lines).toEqual([])
    const app = await TestApp.connect(server.url, { ca })
    expect(await app.login()).toMatchObject({ type: 'token' })
  })
})

describe('of its connections by TLS, a server', () => {
  it('gives up those that are silent, before the handshake and after', async () => {
    const { port } = await startWithTls()
    const silent = openSilent(port)
    const slow = await shakeHands(port)
    slow.write('GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ')
    const freed = closed(silent)
    const [answer] = await once(slow, 'data')
    expect(String(answer)).toMatch(/^HTTP\/1\.1 408 /)
    await closed(slow.resume())
    await freed
  })

  it('bounds the number, and forgets those that have gone', async () => {
    const { server, port } = await startWithTls({ limits: { maxSocketsPerIp: 1 } })
    const connections = Array.from({ length: 60 }, () => openSilent(port))
    await Promise.race(connections.map(closed))
    await expect(TestApp.connect(server.url, { ca })).rejects.toThrow()
    const elsewhere = await TestApp.connect(server.url, { ca, localAddress: '127.0.0.2' })
    expect(await elsewhere.login()).toMatchObject({ type: 'token' })
    for (const connection of connections) connection.destroy()
    await expect
      .poll(() => TestApp.connect(server.url, { ca }).catch(() => undefined), { timeout: 10_000 })
      .toBeDefined()
  })

  it('waits for none that is silent when it closes', async () => {
    const { server, port } = await startWithTls()
    const silent = openSilent(port)
    const idle = await shakeHands(port)
    const ended = [closed(silent), closed(idle.resume())]
    // Well before the handshake's deadline.
    await withDeadline(6, server.close(), () => new Error('closes too late'))
    await Promise.all(ended)
  })
})

describe('a certificate that takes the place of another', () => {
  it('is shown to new connections, while logins on old ones go on', async () => {
    const { server, port } = await startWithTls()
    const identity = randomIdentity()
    const app = await TestApp.connect(server.url, { ca })
    const challenge = await app.requestChallenge(identity.pubkey)
    const before = await shownAt(port, certificate)

    const replacement = makeCertificate()
    server.replaceCertificate(replacement)
    expect(await shownAt(port, replacement)).not.toBe(before)
    await expect(shownAt(port, certificate)).rejects.toThrow('self-signed')

    app.sendSignature(identity.sign(challenge))
    expect(await app.next()).toMatchObject({ type: 'token' })
    expect(await app.login()).toMatchObject({ type: 'token' })
    const newcomer = await TestApp.connect(server.url, { ca: replacement.cert })
    expect(await newcomer.login()).toMatchObject({ type: 'token' })
  })

  it('has none to replace where the server is plain', async () => {
    const { server } = await startWithDevHub()
    expect(() => server.replaceCertificate(certificate)).toThrow(TypeError)
  })
})
