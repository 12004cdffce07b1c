import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { openAuthorizeWebhook } from '../../src/users/authorize-webhook.js'
import { freePort, listen } from '../support/ports.js'

const visitor = {
  pubkey: 'bkey',
  address: '192.0.2.1',
  origin: 'https://app.example.org',
  renewal: false,
}

/** Starts a webhook that answers so, and what asks it. */
async function startWebhook(
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void> | void,
) {
  const server = createServer((request, response) => void answer(request, response))
  let connections = 0
  server.on('connection', () => {
    connections += 1
  })
  const port = await listen(server)
  const webhook = openAuthorizeWebhook(`http://127.0.0.1:${port}/authorize?by=me`)
  onTestFinished(async () => {
    await webhook.close()
    server.closeAllConnections()
    server.close()
  })
  const ask = (signal = new AbortController().signal) => webhook.authorize(visitor, signal)
  return { server, webhook, ask, connections: () => connections }
}

function countConnections(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
  })
}

function json(status: number, body: unknown, headers = {}) {
  return async (request: IncomingMessage, response: ServerResponse) => {
    await text(request)
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }
}

describe('the webhook', () => {
  it('is told who wants to come in, and from where', async () => {
    let asked: unknown
    const { ask } = await startWebhook(async (request, response) => {
      const { method, url, headers } = request
      asked = { method, url, type: headers['content-type'], body: JSON.parse(await text(request)) }
      response.end('{"allow":true}')
    })
    expect(await ask()).toEqual({ allow: true })
    expect(asked).toEqual({
      method: 'POST',
      url: '/authorize?by=me',
      type: 'application/json',
      body: visitor,
    })
  })

  it('is told of an app without an origin that it has none', async () => {
    let body = ''
    const { webhook } = await startWebhook(async (request, response) => {
      body = await text(request)
      response.end('{"allow":true}')
    })
    await webhook.authorize({ ...visitor, origin: undefined }, new AbortController().signal)
    expect(JSON.parse(body)).toEqual({ ...visitor, origin: null })
  })

  it.each([
    { allow: true },
    { allow: false },
    { allow: false, reason: '' },
    { allow: false, reason: 'é'.repeat(200) },
  ])('decides %j', async (decision) => {
    const { ask } = await startWebhook(json(200, decision))
    expect(await ask()).toEqual(decision)
  })

  it.each<[string, ReturnType<typeof json>]>([
    ['another good status', json(201, { allow: true })],
    ['no content', json(204, '')],
    ['a redirect', json(307, { allow: true }, { location: '/elsewhere' })],
    ['a refusal', json(403, { allow: false, reason: 'no' })],
    ['a failure', json(500, { allow: true })],
    ['no JSON', json(200, 'allow')],
    ['nothing', json(200, '')],
    ['null', json(200, null)],
    ['a list', json(200, [{ allow: true }])],
    ['no decision', json(200, { allowed: true })],
    ['a decision in words', json(200, { allow: 'true' })],
    ['a reason that is none', json(200, { allow: false, reason: 7 })],
    ['too long a reason', json(200, { allow: false, reason: 'x'.repeat(201) })],
    ['more than 4 KiB', json(200, { allow: true, because: 'x'.repeat(4096) })],
    [
      'more than 4 KiB of an unsaid length',
      async (request, response) => {
        await text(request)
        response.write('{"allow":true}')
        response.end(' '.repeat(5000))
      },
    ],
    ['a hang-up', async (request) => void request.socket.destroy()],
    [
      'half an answer',
      async (request, response) => {
        await text(request)
        response.writeHead(200, { 'content-length': '14' })
        response.write('{"allow":')
        response.destroy()
      },
    ],
  ])('has not decided with %s', async (_name, answer) => {
    const { ask } = await startWebhook(answer)
    await expect(ask()).rejects.toThrow()
  })

  it('has not decided where it is not there', async () => {
    const webhook = openAuthorizeWebhook(`http://127.0.0.1:${await freePort()}/`)
    onTestFinished(() => webhook.close())
    const asked = webhook.authorize(visitor, new AbortController().signal)
    await expect(asked).rejects.toThrow()
  })

  it('is left when it comes too late, and its connection freed', async () => {
    const { server, ask, connections } = await startWebhook(() => {})
    const late = new AbortController()
    const asked = ask(late.signal)
    await vi.waitFor(() => expect(connections()).toBe(1))
    late.abort()
    await expect(asked).rejects.toThrow()
    await vi.waitFor(async () => expect(await countConnections(server)).toBe(0))
  })

  it('is asked again and again on the same connections', async () => {
    const { ask, connections } = await startWebhook(json(200, { allow: true }))
    for (let asked = 0; asked < 20; asked += 1) await ask()
    // One that is not free again at once has another opened.
    expect(connections()).toBeLessThan(5)
  })
})
