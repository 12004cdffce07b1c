import {
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { type Connection, Connections, newConnection } from '../limits/connections.js'
import { type Limits, RETRY_AFTER } from '../limits/limits.js'
import { Penalties } from '../limits/penalties.js'
import type { RateLimits } from '../limits/rate-limits.js'
import type { LineWriter } from '../log.js'
import type { LoginEvents } from '../login/events.js'
import { RENEWAL_PATH } from '../protocol.js'
import type { TrustedProxies } from './client-address.js'
import { pathOf } from './upgrade.js'

/**
 * How many requests of a connection may wait for their answers. No browser and no usual proxy sends
 * a second one before the first is answered. Each adds listeners to its connection: from about ten
 * requests on Node.js warns of them.
 */
const MAX_PIPELINED = 4

/** After how many requests, or how long in ms, a connection ends with its next answer. */
const MAX_REQUESTS = 1_000
const MAX_CONNECTION_MS = 60_000

/** How many connections an address has at least that may be a proxy which nobody has named. */
const PROXY_CONNECTIONS = 10

/**
 * How long whoever sends too many requests waits for the refusal, in ms: else each refusal brings
 * the next request at once, and a server would do little else.
 */
const REFUSAL_DELAY_MS = 500

/** What asks whether the server is well. It has a limit of its own. */
const HEALTH_PATHS = ['/health', '/ready']

/** What connections and requests are limited by. */
export interface RequestSettings {
  readonly limits: Limits
  /** How long a session may be renewed, in seconds; 0 where there are no renewals. */
  readonly renewalTtl: number
  readonly proxies: TrustedProxies
  readonly rateLimits: RateLimits
  readonly events: LoginEvents | undefined
  readonly log: LineWriter
}

/** Limits on connections, from the moment they are accepted, and on the requests that they bring. */
export class RequestLimits {
  readonly #settings: RequestSettings
  readonly #connections: Connections
  /** The same connections, by what HTTP is spoken on: TCP or TLS. */
  readonly #bySocket = new WeakMap<Socket, Connection>()
  /** Of addresses that send requests without waiting for answers. */
  readonly #penalties = new Penalties()
  #hasWarnedOfProxy = false

  constructor(settings: RequestSettings) {
    this.#settings = settings
    this.#connections = new Connections(settings.limits)
  }

  get connections(): Connections {
    return this.#connections
  }

  /**
   * Accepts a TCP connection, before TLS, or cuts it off.
   *
   * @returns whether it is accepted
   */
  accept(socket: Socket): boolean {
    const address = this.#settings.proxies.peerOf(socket)
    const isPenalized = address !== undefined && this.#penalties.secondsLeft(address) > 0
    const accepted = isPenalized
      ? 'floods_per_minute_per_ip'
      : this.#connections.accept(socket, address)
    if (typeof accepted !== 'string') {
      this.#bySocket.set(socket, accepted)
      return true
    }
    this.#settings.events?.limitHit(accepted)
    // Reset, so that the system keeps nothing of it.
    socket.resetAndDestroy()
    return false
  }

  /** Takes note of a request that may become a WebSocket. */
  upgradeRequested(request: IncomingMessage): void {
    this.#connectionOf(request).isWebSocket = true
  }

  /**
   * Waits before a request is refused that was one too many. The connections that wait meanwhile
   * are bounded for each address; a trusted proxy's are not, so it is refused at once.
   */
  async delayRefusal({ socket }: IncomingMessage): Promise<void> {
    if (this.#settings.proxies.peerOf(socket) !== undefined) await wait(REFUSAL_DELAY_MS)
  }

  /** Has requests within the limits answered, and answers the others with 429. */
  guard(listener: RequestListener): RequestListener {
    return (request, response) => {
      // What stood behind the request that ended the connection is parsed all the same.
      if (request.socket.destroyed) return
      const connection = this.#connectionOf(request)
      if (!this.#isOrderly(connection, request.socket, response)) return
      this.#count(request).then(
        (refusal) => {
          if (refusal) this.#refuse(response, refusal.status, refusal.retryAfter)
          else listener(request, response)
        },
        (err: unknown) => {
          this.#settings.log.error({ err }, 'a request could not be counted')
          this.#refuse(response, 503, RETRY_AFTER)
        },
      )
    }
  }

  /** Whether a request waits for the answers before it; ends the connection where it doesn't. */
  #isOrderly(connection: Connection, socket: Socket, response: ServerResponse): boolean {
    connection.requests += 1
    connection.unanswered += 1
    response.once('close', () => {
      connection.unanswered -= 1
    })
    const { address } = connection
    if (connection.unanswered > MAX_PIPELINED) {
      this.#settings.events?.limitHit('pipelined_requests')
      if (address !== undefined) this.#penalties.countFlood(address)
      socket.destroy()
      return false
    }
    const isOld = performance.now() - connection.openedAt >= MAX_CONNECTION_MS
    if (address !== undefined && (isOld || connection.requests >= MAX_REQUESTS)) {
      response.setHeader('Connection', 'close')
    }
    return true
  }

  /** Counts a request. */
  async #count(request: IncomingMessage) {
    const { proxies, rateLimits, renewalTtl, events } = this.#settings
    // Renewals are counted where they are answered: a page has to be able to read the refusal.
    const isRenewal = request.method === 'POST' && pathOf(request) === RENEWAL_PATH
    if (isRenewal && renewalTtl > 0) return undefined
    const client = proxies.clientOf(request)
    const isHealthCheck = HEALTH_PATHS.includes(pathOf(request))
    const retryAfter = isHealthCheck
      ? await rateLimits.countHealthCheck(client)
      : await rateLimits.countRequest(client)
    if (retryAfter === 0) return undefined
    await this.delayRefusal(request)
    events?.limitHit(
      isHealthCheck ? 'health_checks_per_minute_per_ip' : 'requests_per_minute_per_ip',
    )
    return { status: 429, retryAfter }
  }

  #refuse(response: ServerResponse, status: number, retryAfter: number): void {
    response.writeHead(status, {
      'Content-Type': 'application/json; charset=utf-8',
      'Retry-After': retryAfter,
      Connection: 'close',
    })
    response.end(JSON.stringify({ error: STATUS_CODES[status] }))
  }

  #connectionOf(request: IncomingMessage): Connection {
    const { socket } = request
    const connection = this.#bySocket.get(socket) ?? this.#findByTls(socket)
    this.#warnOfProxy(connection, request)
    return connection
  }

  /** Until its first request, a connection with TLS is known by its TCP socket alone. */
  #findByTls(socket: Socket): Connection {
    const address = this.#settings.proxies.peerOf(socket)
    const found = address === undefined ? undefined : this.#connections.findByPeer(address, socket)
    const connection = found ?? newConnection(socket, address)
    this.#bySocket.set(socket, connection)
    return connection
  }

  /** Says once that a proxy seems to stand in front, and is not known as one. */
  #warnOfProxy({ address }: Connection, { headers }: IncomingMessage): void {
    if (this.#hasWarnedOfProxy || headers['x-forwarded-for'] === undefined) return
    if (address === undefined) return
    const { total } = this.#connections
    const own = this.#connections.of(address)
    if (own < PROXY_CONNECTIONS || own <= total / 2) return
    this.#hasWarnedOfProxy = true
    this.#settings.log.warn(
      {},
      `TRUSTED_PROXIES: ${address} has ${own} of ${total} connections and sends X-Forwarded-For; if it is a proxy of yours, name it there: until then all its clients share the limits of one address`,
    )
  }
}
