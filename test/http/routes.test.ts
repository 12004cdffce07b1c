import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { startWithDevHub } from '../support/login-server.js'
import { TestApp } from '../support/test-app.js'

async function startedAt(): Promise<string> {
  const { server } = await startWithDevHub()
  return new URL(server.url).origin.replace(/^ws/, 'http')
}

describe('plain HTTP', () => {
  it('answers GET /health', async () => {
    const response = await fetch(`${await startedAt()}/health`)
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ status: 'ok' })
  })

  it.each(['/', '/nope', '/ws/userauth', '/health/'])('answers GET %s with 404', async (path) => {
    const response = await fetch(`${await startedAt()}${path}`)
    expect(response.status).toBe(404)
    expect(response.headers.get('content-type')).toMatch(/^application\/json/)
    expect(await response.json()).toEqual({ error: 'Not Found' })
  })

  it('refuses bodies that are large or broken, in words of its own', async () => {
    const origin = await startedAt()
    const post = (body: string) =>
      fetch(`${origin}/health`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json' },
      })
    const large = await post(JSON.stringify('x'.repeat(2_000)))
    expect([large.status, await large.json()]).toEqual([413, { error: 'Payload Too Large' }])
    const broken = await post('{')
    expect([broken.status, await broken.json()]).toEqual([400, { error: 'Bad Request' }])
  })

  it('survives requests that are no HTTP', async () => {
    const { server } = await startWithDevHub()
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    socket.write('nonsense\r\n\r\n')
    socket.resume()
    await once(socket, 'close')
    const app = await TestApp.connect(server.url)
    expect(await app.login()).toMatchObject({ type: 'token' })
  })
})

describe('connections', () => {
  it('on which the headers do not come are given up', async () => {
    const { server } = await startWithDevHub()
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ')
    const [answer] = await once(socket, 'data')
    expect(String(answer)).toMatch(/^HTTP\/1\.1 408 /)
    await once(socket, 'close')
  })
})

describe('a server that closes', () => {
  it('does not wait for connections on which nothing was asked', async () => {
    const { server } = await startWithDevHub()
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    await once(socket, 'connect')
    const ended = once(socket, 'close')
    socket.resume()
    await server.close()
    await ended
  })
})

describe('upgrades', () => {
  it.each([
    '/',
    '/ws',
    '/ws/userauth/',
    '/ws/userauth2',
    '/WS/userauth',
    '//ws/userauth',
    '/ws%2Fuserauth',
    '/nope?x=/ws/userauth',
  ])('on %s are refused with 404', async (path) => {
    const { server } = await startWithDevHub()
    const { origin } = new URL(server.url)
    await expect(TestApp.connect(`${origin.replace(/^http/, 'ws')}${path}`)).rejects.toThrow('404')
    expect(server.count().sockets).toBe(0)
  })

  it('may carry a query', async () => {
    const { server } = await startWithDevHub()
    const app = await TestApp.connect(`${server.url}?v=1`)
    expect(await app.login()).toMatchObject({ type: 'token' })
  })
})
