import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { keepLog } from '../support/kept-log.js'
import { startWithDevHub } from '../support/login-server.js'
import { TestApp } from '../support/test-app.js'

const SECRET = 'Bearer my-secret'

const UPGRADE = [
  'GET /ws/userauth HTTP/1.1',
  'Host: localhost',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
]

/** A request as it is sent: lines of headers, a secret among them, then the body. */
function request(lines: readonly string[], body: string | Buffer = ''): Buffer {
  const head = `${[...lines, `Authorization: ${SECRET}`].join('\r\n')}\r\n\r\n`
  return Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(body)])
}

/** Starts a server whose log is kept, and a way to send it bytes. */
async function start(level: 'debug' | 'info') {
  const { log, lines } = keepLog(level)
  const { server } = await startWithDevHub({ log, simpleAuth: true, withDemo: true })
  const port = Number(new URL(server.url).port)
  /** Sends bytes, others once there is an answer, and returns what came before the end. */
  const send = async (
    bytes: Buffer,
    end: 'wait' | 'reset' = 'wait',
    then?: Buffer,
  ): Promise<string> => {
    const socket = connect(port, '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    socket.on('error', () => {})
    let answer = ''
    socket.on('data', (data) => {
      answer += data
    })
    socket.once('data', () => {
      if (then) socket.write(then)
    })
    const closed = once(socket, 'close')
    await once(socket, 'connect')
    socket.write(bytes, () => {
      if (end === 'reset') socket.resetAndDestroy()
    })
    await closed
    return answer
  }
  return { server, lines, send }
}

const close = 'Connection: close'
const json = 'Content-Type: application/json'
const chunked = 'Transfer-Encoding: chunked'

/** What clients send wrong, and the status that they are answered with. */
const errors: [what: string, bytes: Buffer, status: number, then?: Buffer][] = [
  ['no HTTP', request(['nonsense']), 400],
  [
    'a broken chunk of a body',
    request(['POST /health HTTP/1.1', 'Host: localhost', json, chunked], 'ZZZ\r\nmy-secret'),
    400,
  ],
  [
    'no gzip in a body of gzip',
    request(
      [
        ...['POST /health HTTP/1.1', 'Host: localhost', close],
        ...[json, 'Content-Encoding: gzip', 'Content-Length: 9'],
      ],
      'my-secret',
    ),
    400,
  ],
  [
    'no JSON',
    request(
      ['POST /health HTTP/1.1', 'Host: localhost', close, json, 'Content-Length: 9'],
      'my-secret',
    ),
    400,
  ],
  ['no URL', request(['GET http://[::1/ HTTP/1.1', 'Host: localhost', close]), 400],
  ['a broken escape', request(['GET /%zz HTTP/1.1', 'Host: localhost', close]), 404],
  ['a broken frame', request(UPGRADE), 101, Buffer.from('ffffff6d792d736563726574', 'hex')],
]

describe.each(['info', 'debug'] as const)('what clients do wrong, logged at level %s', (level) => {
  it.each(errors)(
    '%s: is no error of the server, and its bytes are nowhere',
    async (_what, bytes, status, then) => {
      const { lines, send, server } = await start(level)
      expect(await send(bytes, 'wait', then)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
      expect(await (await TestApp.connect(server.url)).login()).toMatchObject({ type: 'token' })
      const others = lines.filter(({ msg }) => msg !== 'login')
      expect(others.filter(({ level }) => Number(level) > 20)).toEqual([])
      expect(JSON.stringify(lines)).not.toMatch(/my-secret|rawPacket|stack/)
    },
  )

  it('a connection that is reset is no error of the server', async () => {
    const { lines, send, server } = await start(level)
    const bytes = request(['POST /health HTTP/1.1', 'Host: localhost', json, 'Content-Length: 9'])
    await send(bytes, 'reset')
    expect(await (await TestApp.connect(server.url)).login()).toMatchObject({ type: 'token' })
    expect(
      lines.filter(({ msg }) => msg !== 'login').filter(({ level }) => Number(level) > 20),
    ).toEqual([])
    expect(JSON.stringify(lines)).not.toMatch(/my-secret|rawPacket|stack/)
  })
})

it('lines that clients cause are limited in number, and those left out are counted', async () => {
  const { log, lines } = keepLog('debug')
  const { server } = await startWithDevHub({ log })
  const health = new URL('/health?token=my-secret', server.url.replace(/^ws/, 'http'))
  for (let request = 0; request < 230; request += 1) await (await fetch(health)).text()
  await server.close()
  const requests = lines.filter(({ msg }) => msg === 'request')
  expect(requests).toHaveLength(200)
  expect(requests[0]).toMatchObject({
    ...{ method: 'GET', path: '/health', status: 200 },
    ...{ duration: expect.stringMatching(/s$/), time: expect.any(Number) },
  })
  const count = { lines: 'request', leftOut: 30, level: 40 }
  expect(lines.at(-1)).toMatchObject({ ...count, msg: 'lines were left out' })
})
