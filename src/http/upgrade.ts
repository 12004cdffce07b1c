import type { IncomingMessage } from 'node:http'
import { type LimitName, type Limits, RETRY_AFTER } from '../limits/limits.js'
import type { OpenSockets } from '../limits/open-sockets.js'
import type { Penalties } from '../limits/penalties.js'
import type { RateLimits } from '../limits/rate-limits.js'
import type { LineWriter } from '../log.js'
import type { RefusalStatus } from '../login/events.js'
import { LOGIN_PATH } from '../protocol.js'
import type { TrustedProxies } from './client-address.js'
import { type AllowedOrigins, isAllowedOrigin, isLoopbackHost } from './origins.js'

/** Why an upgrade or a request is refused: an HTTP status, and when to come back where that may help. */
export interface Refusal {
  readonly status: RefusalStatus
  readonly retryAfter?: number
  /** The limit that was hit; missing where it was none. */
  readonly limit?: LimitName
}

/** The server stops, or can't decide. */
const UNAVAILABLE: Refusal = { status: 503, retryAfter: RETRY_AFTER }

/** What the decision on an upgrade or a request rests on. */
export interface AdmissionSettings {
  readonly limits: Limits
  readonly allowedOrigins: AllowedOrigins
  /** Whether the server listens for its own machine only. */
  readonly isLocal: boolean
  readonly proxies: TrustedProxies
  readonly rateLimits: RateLimits
  readonly openSockets: OpenSockets
  /** Of addresses whose sockets flood. */
  readonly penalties: Penalties
  readonly log: LineWriter
  /** Whether the server is stopping: whoever comes then is sent elsewhere. */
  isDraining: boolean
}

/**
 * Decides on an upgrade before it happens, so that whoever is refused costs no WebSocket.
 * koa-websocket would upgrade any path, and leave a socket that no route takes open indefinitely.
 *
 * @param decide - told, once, why the upgrade is refused, or `undefined` where it is admitted
 */
export async function decideUpgrade(
  request: IncomingMessage,
  settings: AdmissionSettings,
  decide: (refusal: Refusal | undefined) => Promise<void> | void,
): Promise<void> {
  const address = settings.proxies.clientOf(request)
  let retryAfter: number
  try {
    retryAfter = await settings.rateLimits.countRequest(address)
  } catch (err) {
    settings.log.error({ err }, 'an upgrade could not be counted')
    return decide(UNAVAILABLE)
  }
  if (retryAfter > 0) {
    return decide({ status: 429, retryAfter, limit: 'requests_per_minute_per_ip' })
  }
  if (pathOf(request) !== LOGIN_PATH) return decide({ status: 404 })
  const refusal = refuseRequest(request, settings)
  if (refusal) return decide(refusal)
  // From here to the open socket nothing is awaited: no two upgrades get the same last place.
  return decide(refuseForNumbers(address, settings))
}

/**
 * Decides on a plain request for credentials, by the same rules. That the `Host` of one that counts
 * as a login is known is for the caller to see.
 *
 * @param counted - what it counts as
 * @returns why it is refused, or `undefined` where it is admitted
 */
export async function decideRequest(
  request: IncomingMessage,
  settings: AdmissionSettings,
  counted: 'login' | 'renewal' = 'login',
): Promise<Refusal | undefined> {
  const isLocal = settings.isLocal && counted === 'renewal'
  const refusal = refuseRequest(request, { ...settings, isLocal })
  if (refusal) return refusal
  const { rateLimits, proxies } = settings
  const address = proxies.clientOf(request)
  const retryAfter = await (counted === 'login'
    ? rateLimits.countMessage(address)
    : rateLimits.countRenewalRequest(address))
  if (retryAfter <= 0) return undefined
  return { status: 429, retryAfter, limit: `${counted}s_per_minute_per_ip` }
}

/** The headers that tell a refused client when to come back. */
export function headersOf({ retryAfter }: Refusal): Record<string, string> {
  return retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) }
}

/** What is wrong with the request itself, whoever sent it. */
function refuseRequest(
  request: IncomingMessage,
  { isDraining, isLocal, allowedOrigins }: AdmissionSettings,
): Refusal | undefined {
  const { host, origin } = request.headers
  if (isDraining) return UNAVAILABLE
  if (isLocal && !isLoopbackHost(host)) return { status: 403 }
  if (!isAllowedOrigin(origin, allowedOrigins)) return { status: 403 }
  return undefined
}

/** Whether there are too many sockets for one more. */
function refuseForNumbers(
  address: string,
  { limits, openSockets, penalties }: AdmissionSettings,
): Refusal | undefined {
  const penalty = penalties.secondsLeft(address)
  if (penalty > 0) return { status: 429, retryAfter: penalty, limit: 'floods_per_minute_per_ip' }
  if (openSockets.of(address) >= limits.maxSocketsPerIp) {
    return { status: 429, retryAfter: RETRY_AFTER, limit: 'sockets_per_ip' }
  }
  if (openSockets.total >= limits.maxSockets) {
    return { status: 503, retryAfter: RETRY_AFTER, limit: 'sockets' }
  }
  return undefined
}

/** The request's path as it was sent, without the query. */
export function pathOf({ url = '' }: IncomingMessage): string {
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}
