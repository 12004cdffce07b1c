import { createHash, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { Duplex } from 'node:stream'
import { describe, expect, it, onTestFinished } from 'vitest'
import { LoginError } from '../../src/client/login-error.js'
import { loginWithChallenge } from '../../src/client/node.js'
import { Ed25519Identity } from '../support/ed25519-identity.js'
import { tryLogin } from '../support/log-in.js'
import { listen } from '../support/ports.js'
import {
  answers,
  answersSignature,
  challengeMessage,
  errorMessage,
  type Script,
  startScriptedServer,
  tokenMessage,
} from '../support/scripted-server.js'

const challengeOf = (value: unknown): Script => answers({ type: 'challenge', value })

describe('the signature', () => {
  it.each<[string, number, Script]>([
    ['a challenge of no bytes', 0, answers(challengeMessage(new Uint8Array(0)))],
    ['a challenge of 31 bytes', 0, answers(challengeMessage(randomBytes(31)))],
    ['a challenge of 33 bytes', 0, answers(challengeMessage(randomBytes(33)))],
    ['a challenge of a megabyte', 0, answers(challengeMessage(randomBytes(1 << 20)))],
    ['an array of 32 bytes', 0, challengeOf(Array.from(randomBytes(32)))],
    ['32 bytes in base64', 0, challengeOf(randomBytes(32).toString('base64'))],
    ['a text of 32 characters', 0, challengeOf('x'.repeat(32))],
    ['32 numbers that are no bytes', 0, challengeOf({ type: 'Buffer', data: Array(32).fill(256) })],
    ['32 texts', 0, challengeOf({ type: 'Buffer', data: Array(32).fill('1') })],
    ['an object that claims 32 bytes', 0, challengeOf({ type: 'Buffer', data: { length: 32 } })],
    ['another type of bytes', 0, challengeOf({ type: 'Blob', data: Array(32).fill(1) })],
    ['no value', 0, answers({ type: 'challenge' })],
    ['a challenge before the request', 0, (visit) => visit.send(challengeMessage())],
    [
      'two challenges at once',
      1,
      async (visit) => {
        await visit.next()
        visit.send(challengeMessage())
        visit.send(challengeMessage())
      },
    ],
    ['a second challenge after the signature', 1, answersSignature(challengeMessage)],
    ['the same challenge again', 1, answersSignature(() => challengeMessage(Buffer.alloc(32)))],
  ])('is not given to %s', async (_, signed, script) => {
    const server = await startScriptedServer(script)
    const identity = new Ed25519Identity()
    const { error, steps } = await tryLogin({ url: server.url }, identity)
    expect(error).toBeInstanceOf(LoginError)
    expect(error).toMatchObject({ code: 'untrusted_challenge' })
    expect(identity.asked.length).toBeLessThanOrEqual(signed)
    expect(steps.at(-1)).toMatchObject({ step: 'failed', code: 'untrusted_challenge' })
    expect(server.visits).toBe(1)
  })

  it('is not sent where two challenges come in one piece, however fast it is made', async () => {
    const server = await startScriptedServer(async (visit) => {
      await visit.next()
      sendInOnePiece(visit.stream, challengeMessage(), challengeMessage())
    })
    const identity = { public: 'bkey', sign: () => new Uint8Array(64) }
    const { error } = await tryLogin({ url: server.url }, identity)
    await server.idle()
    expect(error).toMatchObject({ code: 'untrusted_challenge' })
    expect(server.received).toHaveLength(1)
  })

  it('is not given to a challenge that comes in one piece with the answer to the handshake', async () => {
    const server = await startEagerServer(challengeMessage())
    const identity = new Ed25519Identity()
    const { error } = await tryLogin({ url: server.url }, identity)
    expect(error).toMatchObject({ code: 'untrusted_challenge' })
    expect(identity.asked).toEqual([])
  })

  it('is not sent once a second challenge has come, however long it takes', async () => {
    let release = () => {}
    const server = await startScriptedServer(async (visit) => {
      await visit.next()
      visit.send(challengeMessage())
      visit.send(challengeMessage())
    })
    const identity = {
      public: 'bkey',
      sign: () =>
        new Promise<Uint8Array>((resolve) => {
          release = () => resolve(new Uint8Array(64))
        }),
    }
    const { error, steps } = await tryLogin({ url: server.url }, identity)
    release()
    await server.idle()
    expect(error).toMatchObject({ code: 'untrusted_challenge' })
    expect(steps.map(({ step }) => step)).not.toContain('signed')
    expect(server.received).toHaveLength(1)
  })
})

describe('nonsense', () => {
  const raw =
    (data: string | Buffer): Script =>
    async (visit) => {
      await visit.next()
      visit.socket.send(data)
    }

  it.each<[string, Script]>([
    ['no JSON', raw('{')],
    ['nothing', raw('')],
    ['null', raw('null')],
    ['a list', raw('[]')],
    ['bytes', raw(Buffer.from(JSON.stringify(challengeMessage())))],
    ['a message of no type', answers({})],
    ['a message of another type', answers({ type: 'welcome' })],
    ['a welcome before the request', (visit) => visit.send({ type: 'welcome' })],
    ['a token before the signature', answers(tokenMessage())],
    ['a token without value', answersSignature(() => ({ type: 'token' }))],
    ['a token that is null', answersSignature(() => ({ type: 'token', value: null }))],
    ['no key', answersSignature(() => tokenMessage({}, { key: undefined }))],
    ['a sig that is a number', answersSignature(() => tokenMessage({}, { sig: 7 }))],
    ['an empty token', answersSignature(() => tokenMessage({}, { token: '' }))],
    ['a msg that is no date', answersSignature(() => tokenMessage({}, { msg: 'soon' }))],
    [
      'a msg of another form',
      answersSignature(() => tokenMessage({}, { msg: '1 Jan 2099 (soon)' })),
    ],
    ['a msg that is a number', answersSignature(() => tokenMessage({}, { msg: 2e12 }))],
    ['a UserAuth that has expired', answersSignature(() => tokenMessage({ life: 0 }))],
    ['a now that is no date', answersSignature(() => ({ ...tokenMessage(), now: 'now' }))],
    ['a now that is a number', answersSignature(() => ({ ...tokenMessage(), now: 1 }))],
  ])('is bad_response: %s', async (_, script) => {
    const server = await startScriptedServer(script)
    const { error } = await tryLogin({ url: server.url })
    expect(error).toBeInstanceOf(LoginError)
    expect(error).toMatchObject({ code: 'bad_response' })
    expect(server.visits).toBe(1)
  })
})

describe("the server's errors", () => {
  it('keep their code, and their text in the message', async () => {
    const server = await startScriptedServer(answers(errorMessage('hub_rejected')))
    const { error } = await tryLogin({ url: server.url })
    expect(error).toMatchObject({
      name: 'LoginError',
      code: 'hub_rejected',
      message: 'The login server refused: text of hub_rejected',
      retryAfter: undefined,
    })
  })

  it.each([
    { type: 'error', value: 'An old server.' },
    { type: 'error', code: 7, value: 'An old server.' },
    { type: 'error', code: '', value: 'An old server.' },
  ])('have the code unknown without one: %o', async (message) => {
    const server = await startScriptedServer(answers(message))
    const { error } = await tryLogin({ url: server.url })
    expect(error).toMatchObject({ code: 'unknown', message: /An old server\.$/ })
  })

  it.each([
    ['b5e19e0c7a3f', 'b5e19e0c7a3f'],
    ['', undefined],
    [7, undefined],
    [undefined, undefined],
  ])('carry the id %o as %o', async (sent, id) => {
    const server = await startScriptedServer(answers(errorMessage('denied', { id: sent })))
    const { error } = await tryLogin({ url: server.url })
    expect(error).toMatchObject({ code: 'denied' })
    expect(error?.id).toBe(id)
  })

  it('need no text', async () => {
    const server = await startScriptedServer(answers({ type: 'error', code: 'denied' }))
    const { error } = await tryLogin({ url: server.url })
    expect(error).toMatchObject({ code: 'denied', message: /did not say why/ })
  })

  it('come at any time, before the request too', async () => {
    const server = await startScriptedServer((visit) => visit.send(errorMessage('denied')))
    const { error } = await tryLogin({ url: server.url })
    expect(error).toMatchObject({ code: 'denied' })
  })

  it('come while the identity signs', async () => {
    const server = await startScriptedServer(async (visit) => {
      await visit.next()
      visit.send(challengeMessage())
      visit.send(errorMessage('challenge_timeout'))
    })
    const identity = { public: 'bkey', sign: () => new Promise<never>(() => {}) }
    const { error } = await tryLogin({ url: server.url }, identity)
    expect(error).toMatchObject({ code: 'challenge_timeout' })
  })

  it('count even if the server closes at once', async () => {
    const server = await startScriptedServer((visit) => {
      visit.send(errorMessage('denied'))
      visit.socket.close()
    })
    const { error } = await tryLogin({ url: server.url })
    expect(error).toMatchObject({ code: 'denied' })
  })
})

describe('an identity', () => {
  const fault = new Error('the wallet is locked')

  it.each<[string, () => Promise<Uint8Array> | Uint8Array, unknown]>([
    ['rejects', () => Promise.reject(fault), fault],
    [
      'throws',
      () => {
        throw fault
      },
      fault,
    ],
    ['gives 63 bytes', () => new Uint8Array(63), undefined],
    ['gives nothing', () => JSON.parse('null'), undefined],
  ])('that %s is signing_failed, once', async (_, sign, cause) => {
    const server = await startScriptedServer(answers(challengeMessage()))
    const { error } = await tryLogin({ url: server.url }, { public: 'bkey', sign })
    expect(error).toBeInstanceOf(LoginError)
    expect(error).toMatchObject({ code: 'signing_failed' })
    expect(error?.cause).toBe(cause)
    expect(server.visits).toBe(1)
    expect(server.received).toHaveLength(1)
  })
})

/** An unmasked text frame of a server's. */
function frame(message: unknown): Buffer {
  const text = Buffer.from(JSON.stringify(message))
  return Buffer.concat([Uint8Array.of(0x81, 126, text.length >> 8, text.length & 255), text])
}

/** Sends messages such that the app reads them all at once. */
function sendInOnePiece(stream: Duplex, ...messages: unknown[]): void {
  stream.write(Buffer.concat(messages.map(frame)))
}

/** A server that sends a message together with its answer to the handshake. */
async function startEagerServer(message: unknown) {
  const server = createServer()
  server.on('upgrade', (request, stream) => {
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64')
    const lines = [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${accept}`,
      '\r\n',
    ]
    stream.write(Buffer.concat([Buffer.from(lines.join('\r\n')), frame(message)]))
    stream.on('data', () => stream.end())
  })
  const port = await listen(server)
  onTestFinished(() => void server.close())
  return { url: `ws://127.0.0.1:${port}` }
}

describe('what a server sends to a client in Node.js', () => {
  const logInAt = (url: string) =>
    loginWithChallenge(new Ed25519Identity(), { url })().catch((error) => error)

  it('has at most 64 KiB, and is never compressed', async () => {
    let extensions: string | undefined = 'not seen'
    const server = await startScriptedServer(async (visit) => {
      extensions = visit.headers['sec-websocket-extensions']
      await visit.next()
      visit.send({ type: 'error', code: 'internal', value: 'x'.repeat(64 * 1024) })
    })
    expect(await logInAt(server.url)).toMatchObject({ code: 'connection_lost' })
    expect(extensions).toBeUndefined()
  })

  it('is cut where it is a text', async () => {
    const long = 'x'.repeat(10_000)
    const server = await startScriptedServer(answers(errorMessage(long, { value: long, id: long })))
    const error = await logInAt(server.url)
    expect(error).toMatchObject({ code: long.slice(0, 64), id: long.slice(0, 64) })
    expect(error.message).toBe(`The login server refused: ${long.slice(0, 500)}`)
  })
})
