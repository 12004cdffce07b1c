import { LOGIN_PATH, RENEWAL_PATH } from '../protocol.js'
import type {
  AbortSignalLike,
  Identity,
  LoginOptions,
  LoginStep,
  StorageLike,
  WebSocketConstructor,
} from './types.js'

/** Options with every default filled in and every value checked. */
export interface Settings {
  readonly identity: Identity
  readonly url: string
  /** In milliseconds, unlike the option. */
  readonly timeout: number
  readonly retries: number
  /** In milliseconds, unlike the option. */
  readonly connectTimeout: number
  /** Where to renew; missing where never to. */
  readonly renewalUrl: string | undefined
  readonly storage: StorageLike | undefined
  readonly signal: AbortSignalLike | undefined
  readonly WebSocket: WebSocketConstructor
  readonly onStep: (step: LoginStep) => void
}

/** In seconds: enough for a person to confirm a signature in a wallet, and for some retries. */
const DEFAULT_TIMEOUT = 60

/** In seconds: long for a handshake, and short enough for several attempts within the timeout. */
const DEFAULT_CONNECT_TIMEOUT = 10

/** In seconds: what `setTimeout` can count; beyond it a timer goes off at once. */
const MAX_TIMEOUT = 2_147_483

/** With the waits between them, enough attempts to outlast a server's restart of some seconds. */
const DEFAULT_RETRIES = 4

/** The page, or a worker's script. Elsewhere, in Node.js for one, there is none. */
declare const location: { readonly protocol: string; readonly host: string } | undefined

/**
 * Checks what a caller has handed over, of whatever type it may be at run time.
 *
 * @param identity - whoever logs in
 * @param options - as the caller gave them
 * @param defaultWebSocket - the class of sockets where options name none
 * @throws TypeError or RangeError naming what is wrong
 */
export function checkSettings(
  identity: Identity,
  options: LoginOptions,
  defaultWebSocket: WebSocketConstructor | undefined,
): Settings {
  const {
    url = pageUrl(),
    timeout = DEFAULT_TIMEOUT,
    retries = DEFAULT_RETRIES,
    connectTimeout = DEFAULT_CONNECT_TIMEOUT,
    renewalUrl,
    storage,
    signal,
    WebSocket = defaultWebSocket,
    onStep = () => {},
  } = options
  if (!identity?.public || typeof identity.sign !== 'function')
    throw new TypeError('identity must have public and sign()')
  if (!isUrl(url, /^wss?:$/)) throw new TypeError('url must be a ws: or wss: address, in full')
  for (const [name, value] of Object.entries({ timeout, connectTimeout })) {
    if (typeof value !== 'number') throw new TypeError(`${name} must be a number of seconds`)
    if (!(value > 0 && value <= MAX_TIMEOUT))
      throw new RangeError(`${name} must be above 0 and at most ${MAX_TIMEOUT} seconds`)
  }
  if (typeof retries !== 'number') throw new TypeError('retries must be a number')
  if (!(Number.isInteger(retries) && retries >= 0))
    throw new RangeError('retries must be a whole number, 0 or more')
  if (renewalUrl !== undefined && renewalUrl !== false && !isUrl(renewalUrl, /^https?:$/))
    throw new TypeError('renewalUrl must be false, or an http: or https: address, in full')
  if (storage !== undefined && typeof storage?.getItem !== 'function')
    throw new TypeError('storage must be a Storage, such as sessionStorage')
  if (signal !== undefined && typeof signal?.addEventListener !== 'function')
    throw new TypeError('signal must be an AbortSignal')
  if (typeof WebSocket !== 'function')
    throw new TypeError(
      'WebSocket must be a class of sockets: this runtime has none of its own. In Node.js 20, run npm install ws',
    )
  if (typeof onStep !== 'function') throw new TypeError('onStep must be a function')
  return {
    identity,
    url,
    timeout: timeout * 1000,
    retries,
    connectTimeout: connectTimeout * 1000,
    renewalUrl: renewalUrl === false ? undefined : (renewalUrl ?? renewalUrlOf(url)),
    storage,
    signal,
    WebSocket,
    onStep,
  }
}

/** The server's address on the page's own host. */
function pageUrl(): string {
  const page = typeof location === 'undefined' ? undefined : location
  if (page && /^https?:$/.test(page.protocol))
    return `${page.protocol.replace('http', 'ws')}//${page.host}${LOGIN_PATH}`
  throw new TypeError('url is needed: there is no web page to take the host from')
}

/** Where the server renews, if nothing between rewrites paths. */
function renewalUrlOf(url: string): string {
  return new URL(RENEWAL_PATH, url.replace(/^ws/i, 'http')).href
}

/** A socket takes no address with a fragment: it would throw at each attempt. */
function isUrl(url: unknown, protocols: RegExp): boolean {
  try {
    const { protocol, hash } = new URL(String(url))
    return typeof url === 'string' && protocols.test(protocol) && hash === ''
  } catch {
    return false
  }
}
