import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startDevHub } from '../src/dev-hub/hub.js'
import { createApiKey } from '../src/dev-hub/login/api-keys.js'
import type { FaultyCall } from './support/faulty-hub.js'
import { startFaultyWebHub } from './support/faulty-web-hub.js'
import { randomIdentity } from './support/identity.js'
import { freePort, takenPort } from './support/ports.js'
import { renewAt, renewalOf } from './support/renewal.js'
import {
  DEV_HUB,
  ProgramProcess,
  READY,
  runProgram,
  SERVER,
  variablesFor,
} from './support/server-process.js'
import { TestApp } from './support/test-app.js'

/** Starts a dev Hub that knows the keys given. */
async function hubWith(...apiKeys: ReturnType<typeof createApiKey>[]) {
  const hub = await startDevHub({ port: 0, apiKeys })
  onTestFinished(() => hub.close())
  return hub
}

describe('npm start', () => {
  it('runs with the built-in Hub where no key is set, and says so', async () => {
    const server = await ProgramProcess.start('index.js', SERVER)
    const [, url = ''] = await server.printed(READY)
    expect(url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/ws\/userauth$/)
    expect(server.output).toMatch(/built-in development Hub runs at http:\/\/127\.0\.0\.1:\d+/)
    const app = await TestApp.connect(url)
    expect(await app.login()).toMatchObject({ type: 'token' })
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('stops cleanly on %s', async (signal) => {
    const server = await ProgramProcess.start('index.js', SERVER)
    const [, url = ''] = await server.printed(READY)
    const app = await TestApp.connect(url)
    const closed = app.closed()
    server.kill(signal)
    server.kill(signal)
    expect(await closed).toBe(1001)
    expect(await server.ended()).toMatchObject({ status: 0, stderr: '' })
  })

  it('reports every fault at once, a line each, and exits with 1', async () => {
    const ending = await runProgram('index.js', { PORT: 'x', HUB_TIMEOUT: '0', HUB_URL: 'ftp://x' })
    expect(ending.status).toBe(1)
    expect(ending.stderr.trim().split('\n')).toEqual([
      expect.stringMatching(/^HUB_URL: /),
      expect.stringMatching(/^HUB_TIMEOUT: /),
      expect.stringMatching(/^PORT: /),
      expect.stringMatching(/^USER_API_KEY: /),
      expect.stringMatching(/^USER_API_SECRET: /),
    ])
  })

  it('refuses production without a Hub', async () => {
    const ending = await runProgram('index.js', { NODE_ENV: 'production' })
    expect(ending).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('HUB_URL: is missing'),
    })
  })

  it('names PORT where its port is taken', async () => {
    const PORT = String(await takenPort())
    const ending = await runProgram('index.js', { PORT, ...DEV_HUB })
    expect(ending).toMatchObject({ status: 1, stderr: `PORT: port ${PORT} is taken\n` })
  })

  it.each(['DEV_HUB_PORT', 'DEV_HUB_GRPC_PORT'])(
    'names %s where its port is taken',
    async (name) => {
      const port = String(await takenPort())
      const ending = await runProgram('index.js', { ...SERVER, [name]: port })
      expect(ending).toMatchObject({ status: 1, stderr: `${name}: port ${port} is taken\n` })
    },
  )

  it("names HOST where it is not this machine's", async () => {
    const ending = await runProgram('index.js', { ...SERVER, HOST: '192.0.2.1' })
    const stderr = expect.stringMatching(/^HOST: 192\.0\.2\.1 /)
    expect(ending).toMatchObject({ status: 1, stderr })
  })
})

describe('the check of the key at the Hub', () => {
  it('lets a secured user group key pass in silence', async () => {
    const apiKey = createApiKey()
    const { url } = await hubWith(apiKey)
    const server = await ProgramProcess.start('index.js', variablesFor(url, apiKey))
    await server.printed(READY)
    expect(server.output).not.toMatch(/USER_API|HUB_URL/)
  })

  it('warns of an unsecured key', async () => {
    const apiKey = createApiKey({ isSecured: false })
    const { url } = await hubWith(apiKey)
    const server = await ProgramProcess.start('index.js', variablesFor(url, apiKey))
    const [, endpoint = ''] = await server.printed(READY)
    expect(server.output).toMatch(/USER_API_KEY: the Hub doesn't demand signatures/)
    const app = await TestApp.connect(endpoint)
    expect(await app.login()).toMatchObject({ type: 'token' })
  })

  it.each([
    ['an account key', { isAccount: true }, /^USER_API_KEY: this is an account key/],
    ['a revoked key', { isRevoked: true }, /^USER_API_KEY: .* was revoked/],
  ])('refuses %s', async (_name, kind, sentence) => {
    const apiKey = createApiKey(kind)
    const { url } = await hubWith(apiKey)
    const ending = await runProgram('index.js', variablesFor(url, apiKey))
    expect(ending).toMatchObject({ status: 1, stderr: expect.stringMatching(sentence) })
    expect(ending.stderr.trim()).not.toContain('\n')
  })

  it('refuses an unknown key', async () => {
    const { url } = await hubWith(createApiKey())
    const ending = await runProgram('index.js', variablesFor(url, createApiKey()))
    const stderr = expect.stringMatching(/^USER_API_KEY: the Hub doesn't know this key/)
    expect(ending).toMatchObject({ status: 1, stderr })
  })

  it('refuses a wrong secret', async () => {
    const apiKey = createApiKey()
    const { url } = await hubWith(apiKey)
    const { secret } = createApiKey()
    const ending = await runProgram('index.js', variablesFor(url, { key: apiKey.key, secret }))
    const stderr = expect.stringMatching(/^USER_API_SECRET: /)
    expect(ending).toMatchObject({ status: 1, stderr })
  })

  it('passes, with a warning, at a Hub that lacks the method which tells', async () => {
    const hub = await startFaultyWebHub(async (call) => call.end(12, 'unknown method'))
    const server = await ProgramProcess.start('index.js', variablesFor(hub.url, createApiKey()))
    const [, endpoint = ''] = await server.printed(READY)
    expect(server.output).toMatch(/USER_API_KEY: the Hub has no ListThreads method/)
    const ready = await fetch(new URL('/ready', endpoint.replace(/^ws/, 'http')))
    expect(ready.status).toBe(200)
  })

  it.each([
    ['says something else', async (call: FaultyCall) => call.end(16, 'Something else')],
    ['answers nonsense', async (call: FaultyCall) => call.send(Buffer.alloc(50, 0xff))],
    ['hangs', async () => {}],
  ])('takes a Hub that %s for one that is down', async (_name, script) => {
    const hub = await startFaultyWebHub(script)
    const environment = { ...variablesFor(hub.url, createApiKey()), HUB_TIMEOUT: '0.3' }
    const server = await ProgramProcess.start('index.js', environment)
    await server.printed(READY)
    expect(server.output).toMatch(/HUB_URL: .*; the key could not be checked/)
  })

  it('waits for a Hub that is down, and serves once it is up', async () => {
    const apiKey = createApiKey()
    const port = await freePort()
    const environment = variablesFor(`http://127.0.0.1:${port}`, apiKey)
    const server = await ProgramProcess.start('index.js', environment)
    const [, endpoint = ''] = await server.printed(READY)
    expect(server.output).toMatch(/HUB_URL: nothing listens at .*; the key could not be checked/)
    const app = await TestApp.connect(endpoint)
    expect(await app.login().catch((error) => error.message)).toContain('hub_unavailable')

    const hub = await startDevHub({ port, apiKeys: [apiKey] })
    onTestFinished(() => hub.close())
    await server.printed(/the Hub has confirmed the key/)
    expect(await app.login()).toMatchObject({ type: 'token' })
  })

  it('ends a server whose Hub comes up and refuses the key', async () => {
    const apiKey = createApiKey({ isAccount: true })
    const port = await freePort()
    const environment = variablesFor(`http://127.0.0.1:${port}`, apiKey)
    const server = await ProgramProcess.start('index.js', environment)
    await server.printed(READY)
    const hub = await startDevHub({ port, apiKeys: [apiKey] })
    onTestFinished(() => hub.close())
    const ending = await server.ended()
    const stderr = expect.stringMatching(/^USER_API_KEY: this is an account key/)
    expect(ending).toMatchObject({ status: 1, stderr })
  })
})

describe('GET /ready', () => {
  async function readiness(endpoint: string) {
    const response = await fetch(new URL('/ready', endpoint.replace(/^ws/, 'http')))
    return [response.status, await response.json()]
  }

  it('says whether users can be logged in, and asking often does not ask the Hub often', async () => {
    const apiKey = createApiKey()
    const port = await freePort()
    const environment = variablesFor(`http://127.0.0.1:${port}`, apiKey)
    const server = await ProgramProcess.start('index.js', environment)
    const [, endpoint = ''] = await server.printed(READY)
    expect(await readiness(endpoint)).toEqual([503, { status: 'key_unchecked' }])
    const hub = await startDevHub({ port, apiKeys: [apiKey] })
    await server.printed(/the Hub has confirmed the key/)
    expect(await readiness(endpoint)).toEqual([200, { status: 'ready' }])
    await hub.close()
    // What the Hub said a moment ago still stands.
    expect(await readiness(endpoint)).toEqual([200, { status: 'ready' }])
    const app = await TestApp.connect(endpoint)
    for (let login = 0; login < 10; login += 1) {
      app.send({ type: 'token', pubkey: randomIdentity().pubkey })
      expect(await app.next()).toMatchObject({ code: 'hub_unavailable' })
    }
    expect(await readiness(endpoint)).toEqual([503, { status: 'hub_unavailable' }])
  })
})

describe('a key that is revoked while the server runs', () => {
  it('is refused once the Hub has said so twice, and heals when it is taken again', async () => {
    const apiKey = createApiKey()
    const { url } = await hubWith(apiKey)
    const server = await ProgramProcess.start('index.js', variablesFor(url, apiKey))
    const [, endpoint = ''] = await server.printed(READY)
    const ready = new URL('/ready', endpoint.replace(/^ws/, 'http'))
    const codeOf = async () => {
      const app = await TestApp.connect(endpoint)
      app.send({ type: 'token', pubkey: randomIdentity().pubkey })
      return (await app.next()).code
    }
    apiKey.isRevoked = true
    // It may be the Hub's own store that is away: such logins are worth trying again.
    expect(await codeOf()).toBe('hub_unavailable')
    const [line] = await server.printed(/\{.*"level":50.*\}/)
    expect(JSON.parse(line).msg).toMatch(/^USER_API_KEY: the Hub doesn't know this key/)
    expect(await codeOf()).toBe('hub_rejected')
    const response = await fetch(ready)
    expect([response.status, await response.json()]).toEqual([503, { status: 'key_refused' }])
    apiKey.isRevoked = false
    await server.printed(/the Hub has confirmed the key/)
    expect((await fetch(ready)).status).toBe(200)
    const app = await TestApp.connect(endpoint)
    expect(await app.login()).toMatchObject({ type: 'token' })
  })
})

describe('what clients send', () => {
  it('can neither forge nor break a line of the log', async () => {
    const environment = { ...SERVER, LOG_LEVEL: 'trace', ALLOWED_ORIGINS: '*' }
    const server = await ProgramProcess.start('index.js', environment)
    const [, endpoint = ''] = await server.printed(READY)
    const { port, host } = new URL(endpoint)
    const forged = '\u001b[2J\r\n{"level":30,"msg":"forged"}'
    for (const path of [encodeURI(`/${forged}`), '/\u001b[2J', '/\u009b2J', '/%0d%0a%1b[31m']) {
      const socket = connect(Number(port), '127.0.0.1')
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${path}\r\nConnection: close\r\n\r\n`,
      )
      socket.resume()
      await once(socket, 'close')
    }
    for (const text of [forged, JSON.stringify({ type: 'token', pubkey: forged })]) {
      const app = await TestApp.connect(endpoint)
      app.socket.send(text)
      expect(await app.next()).toMatchObject({ type: 'error' })
      app.leave()
    }
    server.kill('SIGTERM')
    const { stdout } = await server.ended()
    const lines = stdout.trimEnd().split('\n')
    for (const line of lines) expect(JSON.parse(line).msg).not.toBe('forged')
    expect(stdout.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
    expect(lines.length).toBeGreaterThan(4)
  })
})

describe('what is printed', () => {
  it('holds no secret, token or signature, not even with DEBUG=*', async () => {
    const apiKey = createApiKey()
    const { url } = await hubWith(apiKey)
    const environment = { ...variablesFor(url, apiKey), DEBUG: '*', LOG_LEVEL: 'trace' }
    const server = await ProgramProcess.start('index.js', environment)
    const [, endpoint = ''] = await server.printed(READY)
    const app = await TestApp.connect(endpoint)
    const secrets = [apiKey.secret]
    app.socket.on('message', (data) => {
      const { type, value, renewal } = JSON.parse(String(data))
      if (type === 'challenge') secrets.push(value.data.join(','))
      if (type !== 'token') return
      secrets.push(value.sig, value.token, value.token.split('.')[2])
      secrets.push(renewal, ...renewal.split('.').slice(1))
    })
    const token = await app.login()
    expect(token).toMatchObject({ type: 'token' })
    const renewal = renewalOf(token)
    const renewed = await renewAt(endpoint, renewal)
    secrets.push(JSON.parse(JSON.stringify(renewed.body)).value.sig)
    // What is wrong with these, the libraries that read them may want to show.
    const broken = [
      await renewAt(endpoint, `${renewal.slice(0, -1)}_`),
      await renewAt(endpoint, undefined, { text: `{"renewal":"${renewal}"` }),
      await renewAt(endpoint, undefined, { text: JSON.stringify({ renewal }).repeat(9) }),
      await renewAt(endpoint, renewal, { headers: { origin: 'http://localhost:1' } }),
    ]
    expect(broken.map(({ status }) => status)).toEqual([401, 400, 413, 401])
    for (const { body } of broken) expect(JSON.stringify(body)).not.toContain('eyJ')
    const [line] = await server.printed(/\{.*"outcome":"ok".*\}/)
    expect(JSON.parse(line)).toMatchObject({
      user: expect.stringMatching(/^bbaarei\w{5}…\w{4}$/),
      ms: expect.any(Number),
    })
    expect(secrets).toHaveLength(9)
    for (const secret of secrets) expect(server.output).not.toContain(secret)
    // Emittery's debug output, which prints signatures, would have made itself known.
    expect(server.output).not.toMatch(/emittery/i)
  })
})
