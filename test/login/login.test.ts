import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type Hub, HubBusyError, HubError, type TokenCall } from '../../src/hub/hub.js'
import { signApiMessage } from '../../src/keys/api-signature.js'
import { DEFAULT_LIMITS } from '../../src/limits/limits.js'
import { RateLimits } from '../../src/limits/rate-limits.js'
import { Doorkeeper } from '../../src/login/authorize-user.js'
import { AppLeft } from '../../src/login/errors.js'
import { type LoginApp, type LoginSettings, login } from '../../src/login/login.js'
import { randomIdentity } from '../support/identity.js'

const identity = randomIdentity()
const challenge = randomBytes(32)
const apiKey = { key: 'bkey', secret: randomBytes(24) }

function never<T>(): Promise<T> {
  return new Promise(() => {})
}

function tokenFor(sub: string): string {
  const payload = Buffer.from(JSON.stringify({ iss: 'b', sub, iat: 1 })).toString('base64url')
  return `e30.${payload}.c2ln`
}

/** A Hub in memory that takes part as told, and remembers what it was asked. */
class TestHub implements Hub {
  readonly asked: string[] = []
  readonly signatures: Uint8Array[] = []
  released = 0
  readonly #part: Partial<TokenCall>

  constructor(part: Partial<TokenCall> = {}) {
    this.#part = part
  }

  requestToken(pubkey: string): TokenCall {
    this.asked.push(pubkey)
    return {
      challenge: Promise.resolve(challenge),
      failed: never(),
      answer: (signature) => {
        this.signatures.push(signature)
        return Promise.resolve(tokenFor(pubkey))
      },
      release: () => {
        this.released += 1
      },
      ...this.#part,
    }
  }
}

/** An app in memory that signs, unless told otherwise. */
function testApp(part: Partial<LoginApp> = {}): LoginApp {
  const whence = { address: '192.0.2.1', origin: undefined }
  return { ...whence, sign: async (bytes) => identity.sign(bytes), interrupted: never(), ...part }
}

function settings(hub: Hub): LoginSettings {
  const doorkeeper = new Doorkeeper({ rateLimits: new RateLimits(DEFAULT_LIMITS) })
  return { hub, currentApiKey: () => apiKey, doorkeeper, challengeTimeout: 0.05, userAuthTtl: 300 }
}

async function codeOf(hub: TestHub, app = testApp()): Promise<unknown> {
  const failure = await login(identity.pubkey, app, settings(hub)).catch((error) => error)
  expect(hub.released).toBe(1)
  return failure.code ?? failure
}

describe('login', () => {
  it('turns a signature into a UserAuth', async () => {
    const hub = new TestHub()
    const userAuth = await login(identity.pubkey, testApp(), settings(hub))
    expect(hub.asked).toEqual([identity.pubkey])
    expect(hub.signatures).toEqual([identity.sign(challenge)])
    expect(userAuth).toEqual({
      key: 'bkey',
      sig: signApiMessage(apiKey.secret, userAuth.msg),
      msg: new Date(userAuth.msg).toISOString(),
      token: tokenFor(identity.pubkey),
    })
    expect(hub.released).toBe(1)
  })

  it('tells of its steps as they begin, and of the end of the last, failed or not', async () => {
    const told: string[] = []
    const steps = { begin: (step: string) => told.push(step), end: () => told.push('end') }
    await login(identity.pubkey, testApp(), settings(new TestHub()), steps)
    expect(told.slice(0, 3)).toEqual(['hub_challenge', 'signature', 'hub_token'])
    expect(told.at(-1)).toBe('end')
    told.length = 0
    const hub = new TestHub({ challenge: Promise.reject(new HubBusyError()) })
    await expect(login(identity.pubkey, testApp(), settings(hub), steps)).rejects.toThrow()
    expect(told).toEqual(['hub_challenge', 'end'])
  })

  it.each([0, 31, 33])('fails where the challenge has %i bytes, unsigned', async (length) => {
    const hub = new TestHub({ challenge: Promise.resolve(randomBytes(length)) })
    const sign = () => Promise.reject(new Error('must not be asked'))
    expect(await codeOf(hub, testApp({ sign }))).toBe('hub_unavailable')
  })

  it.each([0, 63, 65])('does not bother the Hub with a signature of %i bytes', async (length) => {
    const hub = new TestHub()
    const code = await codeOf(hub, testApp({ sign: async () => new Uint8Array(length) }))
    expect(code).toBe('bad_signature')
    expect(hub.signatures).toEqual([])
  })

  it.each([
    ['without status', {}, 'hub_unavailable'],
    ['code 2', { status: { code: 2, message: 'x' } }, 'hub_unavailable'],
    ['code 4', { status: { code: 4, message: 'x' } }, 'hub_timeout'],
    ['code 5', { status: { code: 5, message: 'x' } }, 'hub_rejected'],
    ['code 7', { status: { code: 7, message: 'x' } }, 'hub_rejected'],
    ['code 16', { status: { code: 16, message: 'x' } }, 'hub_rejected'],
  ])('reports a Hub that ends %s at any step', async (_name, options, code) => {
    const failed = () => Promise.reject(new HubError('test', options))
    expect(await codeOf(new TestHub({ challenge: failed() }))).toBe(code)
    expect(await codeOf(new TestHub({ failed: failed() }), testApp({ sign: never }))).toBe(code)
    expect(await codeOf(new TestHub({ answer: failed }))).toBe(code)
  })

  it('blames the signature for an unclear failure only where it is wrong', async () => {
    const wrong = testApp({ sign: async () => new Uint8Array(64) })
    const failWith = (code: number) => ({
      answer: () => Promise.reject(new HubError('test', { status: { code, message: '' } })),
    })
    expect(await codeOf(new TestHub(failWith(2)), wrong)).toBe('bad_signature')
    expect(await codeOf(new TestHub(failWith(2)))).toBe('hub_unavailable')
    expect(await codeOf(new TestHub(failWith(16)), wrong)).toBe('hub_rejected')
  })

  it('has a deadline for the app', async () => {
    expect(await codeOf(new TestHub(), testApp({ sign: never }))).toBe('challenge_timeout')
  })

  it('tells apps to come back where the Hub is asked too much', async () => {
    const busy = () => Promise.reject(new HubBusyError())
    expect(await codeOf(new TestHub({ challenge: busy() }))).toBe('overloaded')
    expect(await codeOf(new TestHub({ answer: busy }))).toBe('overloaded')
  })

  it('hands out no token that is for another key, or is none', async () => {
    const answer = async () => tokenFor(randomIdentity().pubkey)
    expect(await codeOf(new TestHub({ answer }))).toBe('internal')
    expect(await codeOf(new TestHub({ answer: async () => 'abc' }))).toBe('hub_unavailable')
  })

  it('ends at once, for the reason given, when the app leaves', async () => {
    const interrupted = Promise.reject(new AppLeft())
    expect(
      await codeOf(new TestHub({ challenge: never() }), testApp({ interrupted })),
    ).toBeInstanceOf(AppLeft)
  })
})
