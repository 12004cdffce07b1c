import { describe, expect, it } from 'vitest'
import { formatPublicKey } from '../../src/keys/public-key.js'
import { verifyToken } from '../../src/keys/token.js'
import { type Identity, randomIdentity } from '../support/identity.js'
import { expectNoLoginLeft, expectNothingLeft } from '../support/leftovers.js'
import { startWithDevHub } from '../support/login-server.js'
import { smallOrderKeys } from '../support/small-order.js'
import { type Message, TestApp } from '../support/test-app.js'

/** Ways to write a signature. */
const spellings: Record<string, (signature: Buffer) => unknown> = {
  'the JSON of a Buffer': (signature) => signature.toJSON(),
  'an array of bytes': (signature) => [...signature],
  base64: (signature) => signature.toString('base64'),
  'base64 without padding': (signature) => signature.toString('base64').replaceAll('=', ''),
}

/** Frames that are not of the protocol. */
const junk: Record<string, string> = {
  'no JSON': 'hello',
  'an empty frame': '',
  'a number': '7',
  null: 'null',
  'an array': '[]',
  'an object without type': '{}',
  'an unknown type': '{"type":"login"}',
  'a type of the server': '{"type":"error","value":"x"}',
  'a request without key': '{"type":"token"}',
  'a key that is no text': '{"type":"token","pubkey":{"toString":"x"}}',
  'a reply without signature': '{"type":"challenge"}',
  'a signature that is a number': '{"type":"challenge","sig":64}',
  'a signature with a byte of 256': '{"type":"challenge","sig":[256]}',
  'a signature with a fraction': '{"type":"challenge","sig":[0.5]}',
  'a signature that is not base64': '{"type":"challenge","sig":"%%"}',
  'a Buffer without data': '{"type":"challenge","sig":{"type":"Buffer"}}',
}

const somebody = randomIdentity().pubkey

/** Texts that are not the canonical text of an Ed25519 key. */
const badKeys: Record<string, string> = {
  nothing: '',
  'no key': 'zzz',
  'upper case': somebody.toUpperCase(),
  'a space before it': ` ${somebody}`,
  'a line break behind it': `${somebody}\n`,
  'a character less': somebody.slice(0, -1),
  'a character more': `${somebody}a`,
  'another base': `B${somebody.slice(1)}`,
  'another key type': `bcaareid${somebody.slice(8)}`,
  'stray bits in the last character': `${somebody.slice(0, -1)}${nextLetter(somebody.at(-1))}`,
  'four thousand characters': 'b'.repeat(4_000),
  ...Object.fromEntries(
    smallOrderKeys().map((key, n) => [`of small order (${n})`, formatPublicKey(key)]),
  ),
}

/** A base32 letter with the lowest bit set: the last letter of a key has its lowest two clear. */
function nextLetter(letter = 'a'): string {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'
  return alphabet.charAt(alphabet.indexOf(letter) + 1)
}

function expectTokenFor(identity: Identity, message: Message): void {
  expect(message.type).toBe('token')
  const { value } = message
  if (typeof value !== 'object' || value === null || !('token' in value))
    throw new Error('no token')
  expect(verifyToken(String(value.token))?.sub).toBe(identity.pubkey)
}

describe('a login', () => {
  it('goes from public key to UserAuth', async () => {
    const { server, apiKey } = await startWithDevHub({ userAuthTtl: 300 })
    const app = await TestApp.connect(server.url)
    const identity = randomIdentity()

    app.send({ pubkey: identity.pubkey, type: 'token' })
    const challenge = await app.next()
    expect(challenge).toEqual({
      type: 'challenge',
      value: { type: 'Buffer', data: expect.arrayContaining([expect.any(Number)]) },
    })
    const bytes = Buffer.from(JSON.parse(JSON.stringify(challenge)).value)
    expect(bytes).toHaveLength(32)

    app.send({ type: 'challenge', sig: Buffer.from(identity.sign(bytes)).toJSON() })
    const token = await app.next()
    expect(token).toEqual({
      type: 'token',
      value: {
        key: apiKey.key,
        sig: expect.stringMatching(/^b[a-z2-7]{52}$/),
        msg: expect.any(String),
        token: expect.any(String),
      },
      now: expect.any(String),
      renewal: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      renewUntil: expect.any(String),
    })
    expectTokenFor(identity, token)
    const { value, now } = JSON.parse(JSON.stringify(token))
    expect(new Date(now).toISOString()).toBe(now)
    const life = Date.parse(value.msg) - Date.parse(now)
    expect(life).toBeGreaterThan(299_000)
    expect(life).toBeLessThanOrEqual(300_000)
  })

  it.each(Object.entries(spellings))('takes a signature as %s', async (_name, spell) => {
    const { server } = await startWithDevHub()
    const app = await TestApp.connect(server.url)
    const identity = randomIdentity()
    const challenge = await app.requestChallenge(identity.pubkey)
    app.send({ type: 'challenge', sig: spell(Buffer.from(identity.sign(challenge))) })
    expectTokenFor(identity, await app.next())
  })

  it('may follow another on the same socket', async () => {
    const { hub, server } = await startWithDevHub()
    const app = await TestApp.connect(server.url)
    for (let round = 0; round < 3; round += 1) {
      const identity = randomIdentity()
      expectTokenFor(identity, await app.login(identity))
    }
    await expectNoLoginLeft(server, hub)
  })

  it('gives each of a hundred users their own token', async () => {
    const { server } = await startWithDevHub()
    const logins = Array.from({ length: 100 }, async () => {
      const app = await TestApp.connect(server.url)
      const identity = randomIdentity()
      expectTokenFor(identity, await app.login(identity))
      app.socket.close()
    })
    await Promise.all(logins)
    expect(server.count().logins).toBe(0)
  })
})

describe('errors', () => {
  it.each(Object.entries(junk))('bad_request: %s', async (_name, frame) => {
    const { server } = await startWithDevHub()
    const app = await TestApp.connect(server.url)
    app.socket.send(frame)
    const error = await app.next()
    expect(error).toEqual({ type: 'error', code: 'bad_request', value: expect.any(String) })
    expect(await app.closed()).toBe(1008)
  })

  it('bad_request: a binary frame', async () => {
    const { server } = await startWithDevHub()
    const app = await TestApp.connect(server.url)
    app.socket.send(Buffer.from(JSON.stringify({ type: 'token', pubkey: somebody })))
    expect(await app.next()).toMatchObject({ code: 'bad_request' })
  })

  it('bad_request ends the login that runs', async () => {
    const { hub, server } = await startWithDevHub()
    const app = await TestApp.connect(server.url)
    await app.requestChallenge(somebody)
    app.socket.send('hello')
    expect(await app.next()).toMatchObject({ code: 'bad_request' })
    expect(await app.closed()).toBe(1008)
    await expectNothingLeft(server, hub)
  })

  it.each(Object.entries(badKeys))('invalid_pubkey: %s', async (_name, pubkey) => {
    const { server } = await startWithDevHub()
    const app = await TestApp.connect(server.url)
    app.send({ type: 'token', pubkey })
    expect(await app.next()).toMatchObject({ type: 'error', code: 'invalid_pubkey' })
  })

  it('busy: a second request, while the first login goes on', async () => {
    const { server } = await startWithDevHub()
    const app = await TestApp.connect(server.url)
    const identity = randomIdentity()
    const challenge = await app.requestChallenge(identity.pubkey)
    app.send({ type: 'token', pubkey: randomIdentity().pubkey })
    expect(await app.next()).toMatchObject({ type: 'error', code: 'busy' })
    app.sendSignature(identity.sign(challenge))
    expectTokenFor(identity, await app.next())
  })

  it('no_challenge: a signature before any request', async () => {
    const { server } = await startWithDevHub()
    const app = await TestApp.connect(server.url)
    app.sendSignature(new Uint8Array(64))
    expect(await app.next()).toMatchObject({ type: 'error', code: 'no_challenge' })
  })

  it('no_challenge: a signature that comes twice counts once', async () => {
    const { server } = await startWithDevHub()
    const app = await TestApp.connect(server.url)
    const identity = randomIdentity()
    const challenge = await app.requestChallenge(identity.pubkey)
    app.sendSignature(identity.sign(challenge))
    app.sendSignature(identity.sign(challenge))
    expect(await app.next()).toMatchObject({ type: 'error', code: 'no_challenge' })
    expectTokenFor(identity, await app.next())
  })

  it.each([0, 63, 65])('bad_signature: %i bytes', async (length) => {
    const { hub, server } = await startWithDevHub()
    const app = await TestApp.connect(server.url)
    await app.requestChallenge(somebody)
    app.sendSignature(new Uint8Array(length))
    expect(await app.next()).toMatchObject({ type: 'error', code: 'bad_signature' })
    await expectNoLoginLeft(server, hub)
  })

  it("bad_signature: another key's, after which the challenge is used up", async () => {
    const { hub, server } = await startWithDevHub()
    const app = await TestApp.connect(server.url)
    const identity = randomIdentity()
    const challenge = await app.requestChallenge(identity.pubkey)
    app.sendSignature(randomIdentity().sign(challenge))
    expect(await app.next()).toMatchObject({ type: 'error', code: 'bad_signature' })
    app.sendSignature(identity.sign(challenge))
    expect(await app.next()).toMatchObject({ type: 'error', code: 'no_challenge' })
    await expectNoLoginLeft(server, hub)
    expectTokenFor(identity, await app.login(identity))
  })

  it('challenge_timeout: an app that says nothing', async () => {
    const { hub, server } = await startWithDevHub({ challengeTimeout: 0.1 })
    const app = await TestApp.connect(server.url)
    const identity = randomIdentity()
    const challenge = await app.requestChallenge(identity.pubkey)
    expect(await app.next()).toMatchObject({ type: 'error', code: 'challenge_timeout' })
    await expectNoLoginLeft(server, hub)
    app.sendSignature(identity.sign(challenge))
    expect(await app.next()).toMatchObject({ type: 'error', code: 'no_challenge' })
  })
})

describe('two sockets', () => {
  it("don't take each other's signatures", async () => {
    const { server } = await startWithDevHub()
    const [mine, other] = [await TestApp.connect(server.url), await TestApp.connect(server.url)]
    const identity = randomIdentity()
    const challenge = await mine.requestChallenge(identity.pubkey)
    other.sendSignature(identity.sign(challenge))
    expect(await other.next()).toMatchObject({ code: 'no_challenge' })
    mine.sendSignature(identity.sign(challenge))
    expectTokenFor(identity, await mine.next())
  })

  it("get challenges of their own for one user, and don't take each other's", async () => {
    const { server } = await startWithDevHub()
    const [first, second] = [await TestApp.connect(server.url), await TestApp.connect(server.url)]
    const identity = randomIdentity()
    const challenge = await first.requestChallenge(identity.pubkey)
    const otherChallenge = await second.requestChallenge(identity.pubkey)
    expect(challenge).not.toEqual(otherChallenge)
    first.sendSignature(identity.sign(otherChallenge))
    expect(await first.next()).toMatchObject({ code: 'bad_signature' })
    second.sendSignature(identity.sign(otherChallenge))
    expectTokenFor(identity, await second.next())
  })
})
