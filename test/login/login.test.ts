import { randomBytes } from 'node:crypto'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { type Hub, HubBusyError, HubError } from '../../src/hub/hub.js'
import { ServerKey } from '../../src/hub/server-key.js'
import { signApiMessage } from '../../src/keys/api-signature.js'
import { DEFAULT_LIMITS } from '../../src/limits/limits.js'
import { RateLimits } from '../../src/limits/rate-limits.js'
import { ClientDisconnected } from '../../src/login/errors.js'
import { type LoginSettings, type LoginTrace, login, type Sign } from '../../src/login/login.js'
import { randomIdentity } from '../support/identity.js'
import { never } from '../support/never.js'
import { TestHub } from '../support/test-hub.js'
import { unsignedToken } from '../support/unsigned-token.js'

const identity = randomIdentity()
const apiKey = { key: 'bkey', secret: randomBytes(24) }

const user = {
  pubkey: identity.pubkey,
  address: '192.0.2.1',
  origin: undefined,
  renewal: false,
}

const TIMES = { challengeTimeout: 1, userAuthTtl: 300, renewalTtl: 3_600 }

const NO_TRACE: LoginTrace = { id: '0123456789ab', begin() {}, end() {} }
const signWell: Sign = async (bytes) => identity.sign(bytes)

/** Logs in with an app in memory, which signs as told. */
function logIn(hub: Hub, sign = signWell, signal?: AbortSignal, trace = NO_TRACE) {
  const settings: LoginSettings = {
    hub,
    serverKey: new ServerKey(apiKey),
    rateLimits: new RateLimits(DEFAULT_LIMITS),
    challengeTimeout: 0.05,
    userAuthTtl: 300,
    renewalTtl: 3_600,
  }
  return login(user, sign, settings, signal ?? new AbortController().signal, trace)
}

async function codeOf(hub: TestHub, sign = signWell, signal?: AbortSignal): Promise<unknown> {
  const error = await logIn(hub, sign, signal).catch((reason) => reason)
  expect(hub.released).toBe(1)
  return error.code ?? error
}

describe('login', () => {
  it('turns a signature into a UserAuth', async () => {
    const hub = new TestHub()
    const { value: userAuth } = await logIn(hub)
    expect(hub.pubkeys).toEqual([identity.pubkey])
    expect(hub.signatures).toEqual([identity.sign(hub.challenge)])
    expect(userAuth).toEqual({
      key: 'bkey',
      sig: signApiMessage(apiKey.secret, userAuth.msg),
      msg: new Date(userAuth.msg).toISOString(),
      token: unsignedToken(identity.pubkey),
    })
    expect(hub.released).toBe(1)
  })

  it('tells of its steps as they begin, and of the end of the last, failed or not', async () => {
    const told: string[] = []
    const trace: LoginTrace = {
      id: '0123456789ab',
      begin: (step) => void told.push(step),
      end: () => void told.push('end'),
    }
    await logIn(new TestHub(), signWell, undefined, trace)
    expect(told.slice(0, 3)).toEqual(['hub_challenge', 'signature', 'hub_token'])
    expect(told.at(-1)).toBe('end')
    told.length = 0
    const hub = new TestHub({ challenge: Promise.reject(new HubBusyError()) })
    await expect(logIn(hub, signWell, undefined, trace)).rejects.toThrow()
    expect(told).toEqual(['hub_challenge', 'end'])
  })

  it.each([0, 31, 33])('fails where the challenge has %i bytes, unsigned', async (length) => {
    const hub = new TestHub({ challenge: Promise.resolve(randomBytes(length)) })
    const sign = () => Promise.reject(new Error('must not be asked'))
    expect(await codeOf(hub, sign)).toBe('hub_unavailable')
  })

  it.each([0, 63, 65])('does not ask the Hub with a signature of %i bytes', async (length) => {
    const hub = new TestHub()
    const code = await codeOf(hub, async () => new Uint8Array(length))
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
    expect(await codeOf(new TestHub({ failed: failed() }), never)).toBe(code)
    expect(await codeOf(new TestHub({ answer: failed }))).toBe(code)
  })

  it('blames the signature for an unclear failure only where it is wrong', async () => {
    const wrong = async () => new Uint8Array(64)
    const failWith = (code: number) => ({
      answer: () => Promise.reject(new HubError('test', { status: { code, message: '' } })),
    })
    expect(await codeOf(new TestHub(failWith(2)), wrong)).toBe('bad_signature')
    expect(await codeOf(new TestHub(failWith(2)))).toBe('hub_unavailable')
    expect(await codeOf(new TestHub(failWith(16)), wrong)).toBe('hub_rejected')
  })

  it('has a deadline for the app', async () => {
    expect(await codeOf(new TestHub(), never)).toBe('challenge_timeout')
  })

  it('tells apps to come back where the Hub is asked too much', async () => {
    const busy = () => Promise.reject(new HubBusyError())
    expect(await codeOf(new TestHub({ challenge: busy() }))).toBe('overloaded')
    expect(await codeOf(new TestHub({ answer: busy }))).toBe('overloaded')
  })

  it('hands out no token that is for another key, or is none', async () => {
    const answer = async () => unsignedToken(randomIdentity().pubkey)
    const { cause } = await logIn(new TestHub({ answer })).catch((error) => error)
    expect(cause).toMatchObject({ message: 'the token is for another key' })
    expect(await codeOf(new TestHub({ answer }))).toBe('internal')
    expect(await codeOf(new TestHub({ answer: async () => 'abc' }))).toBe('hub_unavailable')
  })

  it.each([
    ['before it begins', new TestHub(), signWell],
    ['while the Hub is asked for a challenge', new TestHub({ challenge: never() }), signWell],
    ['while the app signs', new TestHub(), never<Uint8Array>],
    ['while the Hub is asked for a token', new TestHub({ answer: never }), signWell],
  ])('ends at once when it is aborted %s', async (when, hub, sign) => {
    const controller = new AbortController()
    if (when === 'before it begins') controller.abort(new ClientDisconnected())
    const ended = codeOf(hub, sign, controller.signal)
    setImmediate(() => controller.abort(new ClientDisconnected()))
    expect(await ended).toBeInstanceOf(ClientDisconnected)
  })

  it('starts no call while the key is refused', async () => {
    const hub = new TestHub()
    const kind = { action: 'refuse', text: 'refused' } as const
    const serverKey = new ServerKey(apiKey, {
      check: async () => kind,
      log: pino({ level: 'silent' }),
    })
    await serverKey.check()
    serverKey.close()
    const rateLimits = new RateLimits(DEFAULT_LIMITS)
    const settings = { hub, serverKey, rateLimits, ...TIMES }
    const { signal } = new AbortController()
    const refused = login(user, signWell, settings, signal, NO_TRACE)
    await expect(refused).rejects.toMatchObject({ code: 'hub_rejected' })
    expect(hub.pubkeys).toEqual([])
  })

  it('starts no call while the key is unchecked', async () => {
    const hub = new TestHub()
    const serverKey = new ServerKey(apiKey, { check: never, log: pino({ level: 'silent' }) })
    const rateLimits = new RateLimits(DEFAULT_LIMITS)
    const settings = { hub, serverKey, rateLimits, ...TIMES }
    const { signal } = new AbortController()
    const refused = login(user, signWell, settings, signal, NO_TRACE)
    await expect(refused).rejects.toMatchObject({ code: 'hub_unavailable' })
    expect(hub.pubkeys).toEqual([])
  })
})
