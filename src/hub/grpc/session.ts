import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type OutgoingHttpHeaders,
} from 'node:http2'
import { isIP, connect as openTcp, type Socket } from 'node:net'
import { connect as openTls } from 'node:tls'
import { HubError } from '../hub.js'

/** How long a Hub may take until it is ready for calls, in ms: TCP, TLS and its settings. */
const CONNECT_TIMEOUT_MS = 5_000

/** How long a session may lie idle before its owner is asked whether to keep it, in ms. */
const IDLE_TIMEOUT_MS = 60_000

/**
 * How long a connection lies idle before TCP itself asks whether the peer is still there, in ms.
 * HTTP/2's own pings are no way to ask: a hubd hangs up on whoever sends more than a few.
 */
const KEEP_ALIVE_DELAY_MS = 30_000

/** The most calls in a session's life: HTTP/2 numbers streams with the odd numbers below 2^31. */
const MAX_CALLS_IN_LIFE = 2 ** 30 - 1

/** What Node says of a peer that has named no limit on the streams of a session. */
const UNLIMITED = 2 ** 32 - 1

/** Who is told how a session fares. */
export interface SessionOwner {
  /** It has become ready, or a call has ended: there may be room. */
  onRoom(session: GrpcSession): void
  /** It takes no more calls, though those that run may end well. */
  onLeaving(session: GrpcSession): void
  /** It is gone, and so is its connection. */
  onGone(session: GrpcSession, error: HubError): void
  /** Nothing has come or gone on it for a while. */
  onIdle(session: GrpcSession): void
}

/**
 * One HTTP/2 session with a Hub: connecting, then open for calls, then leaving once the Hub has
 * said GOAWAY, then gone.
 *
 * It never pings. A hubd ends the session, and every call on it, over more than three pings in
 * fifteen minutes; a peer that vanished is told by calls that got no answer, and by TCP.
 */
export class GrpcSession {
  readonly #owner: SessionOwner
  readonly #socket: Socket
  readonly #session: ClientHttp2Session
  readonly #connectTimer: NodeJS.Timeout
  #stage: 'connecting' | 'open' | 'leaving' = 'connecting'
  #failure: unknown
  #maxCalls = 0
  #runningCalls = 0
  #startedCalls = 0
  /** How many bytes the Hub had sent when a call last met its deadline; until it sends more. */
  #bytesWhenLate: number | undefined
  /** The one call that was started while the session was suspect. */
  #trial: ClientHttp2Stream | undefined

  /**
   * Starts to connect.
   *
   * @param endpoint - `http:` for cleartext, `https:` for TLS
   */
  constructor(endpoint: URL, owner: SessionOwner) {
    this.#owner = owner
    this.#socket = openSocket(endpoint)
    this.#session = connect(endpoint, { createConnection: () => this.#socket })
    this.#connectTimer = setTimeout(() => {
      const error = new Error('the Hub took too long to connect')
      this.#fail(Object.assign(error, { code: 'ETIMEDOUT' }))
    }, CONNECT_TIMEOUT_MS)
    this.#session
      // Not earlier: Node dies of a socket that is destroyed while its session is set up.
      .on('connect', ({ alpnProtocol }) => {
        const isHttp2 = alpnProtocol === 'h2' || alpnProtocol === 'h2c'
        if (!isHttp2) this.#fail(new Error('the peer did not agree to HTTP/2'))
      })
      .on('remoteSettings', ({ maxConcurrentStreams: maxCalls = UNLIMITED }) => {
        this.#takeLimit(maxCalls === UNLIMITED ? Number.POSITIVE_INFINITY : maxCalls)
      })
      .on('goaway', () => this.#leave())
      .on('error', (error) => {
        this.#failure ??= error
      })
      // After the connection beneath has closed, if that had come about.
      .on('close', () => {
        clearTimeout(this.#connectTimer)
        const error = new HubError('the connection to the Hub failed', { cause: this.#failure })
        this.#leave()
        this.#owner.onGone(this, error)
      })
      .setTimeout(IDLE_TIMEOUT_MS, () => this.#owner.onIdle(this))
  }

  get isConnecting(): boolean {
    return this.#stage === 'connecting'
  }

  /** The most calls at a time that the Hub allows here, be it any number; 0 until it is known. */
  get maxCalls(): number {
    return this.#maxCalls
  }

  /** How many calls run here now. */
  get runningCalls(): number {
    return this.#runningCalls
  }

  /** Whether any call was ever started here. */
  get wasUsed(): boolean {
    return this.#startedCalls > 0
  }

  /** Whether new calls may come here, sooner or later. */
  get isOpen(): boolean {
    return this.#stage === 'open' && !this.#session.closed
  }

  /** Whether a call may be started here now: the Hub allows one more, and nothing is suspect. */
  get hasRoom(): boolean {
    return this.#allowsCall && !this.#isSuspect
  }

  /** Whether the session is suspect, and a call may be started here now that tries it. */
  get takesTrial(): boolean {
    return this.#allowsCall && this.#isSuspect && this.#trial === undefined
  }

  /**
   * Starts a call: a stream to which nothing but its headers is sent.
   *
   * @throws what Node throws where the headers are none
   */
  request(headers: OutgoingHttpHeaders): ClientHttp2Stream {
    const stream = this.#session.request(headers, { endStream: false })
    if (this.#isSuspect) this.#trial = stream
    this.#runningCalls += 1
    this.#startedCalls += 1
    if (this.#startedCalls === MAX_CALLS_IN_LIFE) {
      this.#session.close()
      this.#leave()
    }
    return stream.once('close', () => {
      this.#runningCalls -= 1
      if (this.#trial === stream) this.#trial = undefined
      this.#owner.onRoom(this)
    })
  }

  /** Told by a call that the Hub has sent it something: there may be room again. */
  onBytes(): void {
    if (this.#bytesWhenLate === undefined) return
    this.#bytesWhenLate = undefined
    this.#trial = undefined
    this.#owner.onRoom(this)
  }

  /**
   * Told by a call that the Hub has not answered it by its deadline: perhaps the Hub is no longer
   * there. Until the Hub sends anything, the session is suspect; if it already is, and this call
   * was started to try it, it is closed.
   */
  onLate(stream: ClientHttp2Stream): void {
    if (this.#isSuspect && this.#trial === stream) {
      this.#fail(new Error('the Hub has sent nothing for two deadlines'))
    } else this.#bytesWhenLate = this.#socket.bytesRead
  }

  /** Cuts off what runs, and frees the connection at once. */
  close(): void {
    this.#session.destroy()
    this.#socket.destroy()
    this.#leave()
  }

  get #allowsCall(): boolean {
    return this.#runningCalls < this.#maxCalls && this.isOpen
  }

  /** Whether a call met its deadline here, and the Hub has sent nothing since. */
  get #isSuspect(): boolean {
    return this.#bytesWhenLate !== undefined && this.#socket.bytesRead <= this.#bytesWhenLate
  }

  #takeLimit(maxCalls: number): void {
    this.#maxCalls = maxCalls
    if (this.#stage === 'connecting') {
      clearTimeout(this.#connectTimer)
      if (maxCalls === 0) {
        this.#fail(new Error('the Hub allows no calls'))
        return
      }
      this.#stage = 'open'
    }
    this.#owner.onRoom(this)
  }

  #leave(): void {
    if (this.#stage === 'leaving') return
    this.#stage = 'leaving'
    this.#owner.onLeaving(this)
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.close()
  }
}

/**
 * Starts to connect to a Hub's gRPC endpoint. By TLS, the peer has to have a certificate that this
 * machine trusts (`NODE_EXTRA_CA_CERTS` adds to those); whether it agreed to HTTP/2 is for the
 * caller to see, once connected.
 *
 * @param endpoint - `http:` for cleartext, `https:` for TLS
 * @returns a socket that is still connecting, and emits `error` where that fails
 */
function openSocket(endpoint: URL): Socket {
  const isEncrypted = endpoint.protocol === 'https:'
  const host = endpoint.hostname.replace(/^\[|\]$/g, '')
  const port = Number(endpoint.port || (isEncrypted ? 443 : 80))
  const name = isIP(host) ? {} : { servername: host }
  const socket = isEncrypted
    ? openTls({ host, port, ALPNProtocols: ['h2'], ...name })
    : openTcp({ host, port })
  return socket.setKeepAlive(true, KEEP_ALIVE_DELAY_MS)
}
