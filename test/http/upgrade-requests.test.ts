import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startWithDevHub } from '../support/login-server.js'
import { TestApp } from '../support/test-app.js'

const H2C = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n'

const WEBSOCKET = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
].join('\r\n')

/** Starts a server, and a way to send it text and read all it says until the connection ends. */
async function start() {
  const { server } = await startWithDevHub()
  const { port, host } = new URL(server.url)
  const send = async (...requests: string[]): Promise<string> => {
    const socket = connect(Number(port), '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    let said = ''
    socket.on('data', (data) => {
      said += data
    })
    socket.write(requests.join(''))
    await once(socket, 'close')
    return said
  }
  const request = (line: string, headers: string, body = '') =>
    `${line} HTTP/1.1\r\nHost: ${host}\r\n${headers}\r\n${body}`
  return { server, send, request }
}

describe('an upgrade to anything but a WebSocket', () => {
  it.each([
    ['GET /health', 200, '{"status":"ok"}'],
    ['GET /nope', 404, '{"error":"Not Found"}'],
    ['GET /ws/userauth', 404, '{"error":"Not Found"}'],
  ])('is answered as if it were not there: %s', async (line, status, body) => {
    const { send, request } = await start()
    const said = await send(request(line, H2C))
    expect(said).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(said).toMatch(/\r\nConnection: close\r\n/i)
    expect(said.endsWith(`\r\n\r\n${body}`)).toBe(true)
  })
})

describe('what comes before an upgrade is done ends the connection:', () => {
  it.each(['a frame', 'a request'])('%s behind it', async (what) => {
    const { server, send, request } = await start()
    const behind = what === 'a frame' ? '\x81\x00' : request('GET /health', '')
    expect(await send(request('GET /ws/userauth', WEBSOCKET), behind)).toBe('')
    expect(server.count().sockets).toBe(0)
    expect(await (await TestApp.connect(server.url)).login()).toMatchObject({ type: 'token' })
  })

  it('a body of a request that asks for h2c', async () => {
    const { send, request } = await start()
    const headers = `${H2C}Content-Type: application/json\r\nContent-Length: 2\r\n`
    expect(await send(request('POST /health', headers, '{}'))).toBe('')
  })

  it.each([
    ['Content-Length: 2', '{}'],
    ['Content-Length: 2', ''],
    ['Transfer-Encoding: chunked', '0\r\n\r\n'],
  ])('a body of a request for a WebSocket: %s %j', async (header, body) => {
    const { server, send, request } = await start()
    expect(await send(request('GET /ws/userauth', `${WEBSOCKET}${header}\r\n`, body))).toBe('')
    expect(server.count().sockets).toBe(0)
  })

  it('a request in front of it that is not answered yet', async () => {
    const { server, send, request } = await start()
    const said = await send(request('GET /ready', ''), request('GET /ws/userauth', WEBSOCKET))
    expect(said).not.toContain('101 Switching Protocols')
    expect(server.count().sockets).toBe(0)
  })
})
