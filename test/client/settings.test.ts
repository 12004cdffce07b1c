import { afterEach, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { loginWithChallenge } from '../../src/client/node.js'
import { checkSettings } from '../../src/client/settings.js'
import { Ed25519Identity } from '../support/ed25519-identity.js'

const identity = new Ed25519Identity()
const url = 'wss://login.example/ws/userauth'

/** Values as JavaScript callers may pass them, past the compiler. */
const unchecked = (value: object): object => JSON.parse(JSON.stringify(value))

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('options', () => {
  it.each<[object, typeof TypeError | typeof RangeError, string]>([
    [{ url: '' }, TypeError, 'url'],
    [{ url: '/ws/userauth' }, TypeError, 'url'],
    [{ url: 'https://login.example' }, TypeError, 'url'],
    [{ url: 'ws://login.example/#here' }, TypeError, 'url'],
    [{ url: 7 }, TypeError, 'url'],
    [{ url: [url] }, TypeError, 'url'],
    [{ timeout: '60' }, TypeError, 'timeout'],
    [{ timeout: 0 }, RangeError, 'timeout'],
    [{ timeout: -1 }, RangeError, 'timeout'],
    [{ timeout: 2_147_484 }, RangeError, 'timeout'],
    [{ connectTimeout: '10' }, TypeError, 'connectTimeout'],
    [{ connectTimeout: 0 }, RangeError, 'connectTimeout'],
    [{ connectTimeout: 2_147_484 }, RangeError, 'connectTimeout'],
    [{ renewalUrl: '/renewal' }, TypeError, 'renewalUrl'],
    [{ renewalUrl: url }, TypeError, 'renewalUrl'],
    [{ renewalUrl: true }, TypeError, 'renewalUrl'],
    [{ renewalUrl: null }, TypeError, 'renewalUrl'],
    [{ storage: null }, TypeError, 'storage'],
    [{ storage: true }, TypeError, 'storage'],
    [{ retries: '1' }, TypeError, 'retries'],
    [{ retries: -1 }, RangeError, 'retries'],
    [{ retries: 1.5 }, RangeError, 'retries'],
    [{ signal: null }, TypeError, 'signal'],
    [{ signal: {} }, TypeError, 'signal'],
    [{ WebSocket: null }, TypeError, 'WebSocket'],
    [{ onStep: 'log' }, TypeError, 'onStep'],
  ])('%o is refused at once, by name', (options, kind, name) => {
    const call = () => loginWithChallenge(identity, { url, ...unchecked(options) })
    expect(call).toThrow(kind)
    expect(call).toThrow(new RegExp(`^${name} `))
  })

  it.each([NaN, Infinity])('timeout and retries of %d are refused', (value) => {
    expect(() => loginWithChallenge(identity, { url, timeout: value })).toThrow(/^timeout /)
    expect(() => loginWithChallenge(identity, { url, retries: value })).toThrow(/^retries /)
  })

  it.each([null, 'bkey', {}, { public: 'bkey' }, { sign: 1, public: 'bkey' }])(
    'identity %o is refused',
    (value) => {
      const call = () => loginWithChallenge(JSON.parse(JSON.stringify(value)), { url })
      expect(call).toThrow(TypeError)
      expect(call).toThrow(/^identity /)
    },
  )

  it('undefined stands for the default', () => {
    const options = {
      url,
      timeout: undefined,
      retries: undefined,
      connectTimeout: undefined,
      renewalUrl: undefined,
      storage: undefined,
      signal: undefined,
      WebSocket: undefined,
      onStep: undefined,
    }
    expect(checkSettings(identity, options, WebSocket)).toMatchObject({
      timeout: 60_000,
      retries: 4,
      connectTimeout: 10_000,
      renewalUrl: 'https://login.example/api/userauth/renewal',
      storage: undefined,
      WebSocket,
    })
  })

  it('WebSocket is needed where the runtime has none', () => {
    expect(() => checkSettings(identity, { url }, undefined)).toThrow(/^WebSocket /)
  })
})

describe('the address of renewals', () => {
  it.each([
    ['ws://127.0.0.1:3001/ws/userauth', 'http://127.0.0.1:3001/api/userauth/renewal'],
    ['WSS://login.example/deep/path?a=b', 'https://login.example/api/userauth/renewal'],
  ])('beside %s is %s', (socketUrl, renewalUrl) => {
    expect(checkSettings(identity, { url: socketUrl }, WebSocket)).toMatchObject({ renewalUrl })
  })

  it('is as the option says', () => {
    const renewalUrl = 'https://renew.example/'
    expect(checkSettings(identity, { url, renewalUrl }, WebSocket)).toMatchObject({ renewalUrl })
    expect(checkSettings(identity, { url, renewalUrl: false }, WebSocket)).toMatchObject({
      renewalUrl: undefined,
    })
  })
})

describe('the default url', () => {
  it.each([
    [{ protocol: 'http:', host: 'localhost:3001' }, 'ws://localhost:3001/ws/userauth'],
    [{ protocol: 'https:', host: 'app.example' }, 'wss://app.example/ws/userauth'],
  ])('is on the host of the page %o', (location, expected) => {
    vi.stubGlobal('location', location)
    expect(checkSettings(identity, {}, WebSocket).url).toBe(expected)
  })

  it.each([undefined, { protocol: 'file:', host: '' }, { protocol: 'blob:', host: '' }])(
    'is a TypeError that names url on %o',
    (location) => {
      vi.stubGlobal('location', location)
      expect(() => loginWithChallenge(identity)).toThrow(TypeError)
      expect(() => loginWithChallenge(identity)).toThrow(/^url /)
    },
  )

  it('is not looked up where url is given', () => {
    vi.stubGlobal('location', { protocol: 'https:', host: 'app.example' })
    expect(checkSettings(identity, { url }, WebSocket).url).toBe(url)
  })
})
