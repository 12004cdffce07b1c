import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { expect, it, onTestFinished } from 'vitest'
import { MAX_WATCHERS } from '../../src/demo/call-stream.js'
import { RecentCalls } from '../../src/dev-hub/worker/recent-calls.js'
import type { LoginServer } from '../../src/http/server.js'
import { startLoginServer } from '../support/login-server.js'
import { closed, get, openTcp, portOf } from '../support/raw-http.js'
import { ProgramProcess, SERVER } from '../support/server-process.js'

const CALL = { path: '/threads.pb.API/NewDB', code: 0, ms: 1.5 }

/** Starts a server whose page tells of calls. */
async function startWithCalls() {
  const calls = new RecentCalls()
  const demo = { hubUrl: 'http://127.0.0.1:1', calls }
  const server = await startLoginServer(
    demo.hubUrl,
    { key: 'bkey', secret: new Uint8Array(24) },
    { demo },
  )
  return { server, calls }
}

/** Opens the stream of calls, as a page of the server does. */
async function watch(server: Pick<LoginServer, 'url'>): Promise<IncomingMessage> {
  const asked = request({ host: '127.0.0.1', port: portOf(server), path: '/calls', agent: false })
  onTestFinished(() => {
    asked.destroy()
  })
  asked.on('error', () => {}).end()
  const [response] = await once(asked, 'response')
  return response.on('error', () => {})
}

/** The calls of the next event. */
async function nextEvent(stream: IncomingMessage) {
  const [chunk] = await once(stream, 'data')
  const [, json = ''] = /^data: (.*)\n\n$/.exec(String(chunk)) ?? []
  return JSON.parse(json)
}

it('pages are told the newest calls, then the others as they end', async () => {
  const { server, calls } = await startWithCalls()
  calls.add([CALL, { ...CALL, ms: 2.3456 }])
  const stream = await watch(server)
  expect(stream.headers['content-type']).toMatch(/^text\/event-stream/)
  expect(stream.headers['cache-control']).toBe('no-store')
  expect(stream.headers['access-control-allow-origin']).toBeUndefined()
  expect(await nextEvent(stream)).toEqual([CALL, { ...CALL, ms: 2.3 }])
  calls.add([{ ...CALL, code: 7 }])
  expect(await nextEvent(stream)).toEqual([{ ...CALL, code: 7 }])
})

it.each([
  ['another site', { 'sec-fetch-site': 'cross-site' }],
  ['another port of this machine', { 'sec-fetch-site': 'same-site' }],
  ['another origin', { origin: 'http://localhost:8080' }],
  ['a name that somebody has for this machine', { host: 'attacker.example' }],
])('pages of %s are told nothing', async (_what, headers) => {
  const { server } = await startWithCalls()
  expect((await get(server, '/calls', { headers })).status).toBe(403)
  const settings = await get(server, '/demo.json', { headers })
  expect(JSON.parse(settings.text).tellsCalls ?? false).toBe(false)
})

it('a bounded number of pages may watch, and those that left make room', async () => {
  const { server } = await startWithCalls()
  const streams = []
  for (let page = 0; page < MAX_WATCHERS; page += 1) streams.push(await watch(server))
  expect((await get(server, '/calls')).status).toBe(503)
  streams[0]?.destroy()
  await expect.poll(async () => (await watch(server)).statusCode).toBe(200)
})

it('a page that does not read is cut off, and keeps nothing', async () => {
  const { server, calls } = await startWithCalls()
  const socket = openTcp(server)
  await once(socket, 'connect')
  socket.pause()
  socket.write('GET /calls HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await once(socket, 'readable')
  const many = Array.from({ length: 1_000 }, () => CALL)
  await expect
    .poll(
      () => {
        calls.add(many)
        return server.count().connections
      },
      { interval: 1, timeout: 10_000 },
    )
    .toBe(0)
  socket.resume()
  await closed(socket)
})

it('a server that stops ends the streams', async () => {
  const { server } = await startWithCalls()
  const stream = await watch(server)
  stream.resume()
  const ended = once(stream, 'end')
  await server.close()
  await ended
})

it('without a Hub that tells of calls there is no stream', async () => {
  const demo = { hubUrl: 'http://127.0.0.1:1' }
  const apiKey = { key: 'bkey', secret: new Uint8Array(24) }
  const server = await startLoginServer(demo.hubUrl, apiKey, { demo })
  expect((await get(server, '/calls')).status).toBe(404)
  expect(JSON.parse((await get(server, '/demo.json')).text)).toEqual({ ...demo, tellsCalls: false })
})

it('npm start tells of the calls that its built-in Hub answers', async () => {
  const program = await ProgramProcess.start('index.js', SERVER)
  const [, url = ''] = await program.printed(/users log in at (ws:[^ "\n]+)/)
  const stream = await watch({ url })
  const calls = await nextEvent(stream)
  // The server has asked whether the Hub knows its key.
  const more = calls.length > 0 ? calls : await nextEvent(stream)
  expect(more[0].path).toMatch(/^\/[A-Za-z.]+\/[A-Za-z]+$/)
  expect(more[0].ms).toBeGreaterThan(0)
})
