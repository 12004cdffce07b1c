import { Agent } from 'node:https'
import { WebSocket } from 'ws'
import { MAX_REPLY_BYTES } from '../reply-reader.js'

/** How long a Hub may take until a socket is open, in ms: TCP, TLS and the upgrade. */
const OPEN_TIMEOUT_MS = 5_000

/** How long a Hub may take to answer our closing of a finished call's socket, in ms. */
const CLOSE_TIMEOUT_MS = 1_000

/** The most sockets that are open or opening, and idle: no call has acquired them yet. */
export const MAX_IDLE_SOCKETS = 8

/** How long a socket may wait for a call, in ms: less than proxies let an idle one live. */
const MAX_AGE_MS = 30_000

/** A socket for a call. */
export interface PooledSocket {
  readonly socket: WebSocket
  /** Whether it lay open and idle: it may have died meanwhile, which only using it tells. */
  readonly wasIdle: boolean
}

/**
 * The WebSockets to a Hub's gRPC-web endpoint, one for each call. Some are opened ahead of need,
 * and idle until then: a call that acquires one saves TCP, TLS and the upgrade. A call that finds
 * none open adds one more, up to eight; one that is idle for 30 s is closed, and replaced if it is
 * the last.
 *
 * While the Hub can't be reached, nothing is opened but what calls ask for.
 */
export class SocketPool {
  readonly #idleUrl: string
  /** Idle sockets that are open or opening, oldest first, each with the timer of its age. */
  readonly #idle = new Map<WebSocket, NodeJS.Timeout>()
  /** Resumes TLS sessions: whoever connects again needn't verify the Hub's certificate again. */
  readonly #agent: Agent | undefined
  #isReachable = false
  #isClosed = false

  /**
   * Opens the first socket, ahead of the first call.
   *
   * @param idleUrl - address of the method that sockets are opened ahead for; `http:` or `https:`
   */
  constructor(idleUrl: string) {
    this.#idleUrl = idleUrl
    if (idleUrl.startsWith('https:')) this.#agent = new Agent({ maxCachedSessions: 1 })
    this.#addIdle()
  }

  /** How many idle sockets are open now. */
  get idle(): number {
    return [...this.#idle.keys()].filter(isOpen).length
  }

  /**
   * Gives a call its socket, which is the caller's from then on: an idle one where there is one. It
   * may still be opening, and emits `error` and `close` where that fails.
   *
   * @param url - address of the method that is called
   */
  acquire(url: string): PooledSocket {
    if (url !== this.#idleUrl) return this.acquireFresh(url)
    const taken = this.#takeIdle() ?? this.acquireFresh(url)
    if (this.#isReachable) this.#refill(taken.wasIdle ? 1 : 2)
    return taken
  }

  /** The same, but never an idle one. */
  acquireFresh(url: string): PooledSocket {
    const socket = this.#open(url)
    this.#watch(socket)
    return { socket, wasIdle: false }
  }

  /** Closes all idle sockets: one of them was dead, and the others are as old. */
  evict(): void {
    for (const socket of this.#idle.keys()) this.#drop(socket)
  }

  /** Frees every idle socket at once, and opens none from now on. */
  close(): void {
    this.#isClosed = true
    this.evict()
    this.#agent?.destroy()
  }

  #open(url: string): WebSocket {
    return new WebSocket(url.replace(/^http/, 'ws'), 'grpc-websockets', {
      agent: this.#agent,
      perMessageDeflate: false,
      maxPayload: MAX_REPLY_BYTES,
      handshakeTimeout: OPEN_TIMEOUT_MS,
      closeTimeout: CLOSE_TIMEOUT_MS,
    })
  }

  #watch(socket: WebSocket): void {
    socket.on('open', () => {
      this.#isReachable = true
    })
  }

  /** The oldest idle socket that is open, else the oldest. */
  #takeIdle(): PooledSocket | undefined {
    const idle = [...this.#idle.keys()]
    const socket = idle.find(isOpen) ?? idle[0]
    if (!socket) return undefined
    this.#remove(socket)
    const wasIdle = isOpen(socket)
    if (!wasIdle) this.#watch(socket)
    return { socket, wasIdle }
  }

  #refill(count: number): void {
    for (let added = 0; added < count && this.#idle.size < MAX_IDLE_SOCKETS; added += 1) {
      this.#addIdle()
    }
  }

  #addIdle(): void {
    if (this.#isClosed) return
    const socket = this.#open(this.#idleUrl)
    const age = setTimeout(() => {
      this.#drop(socket)
      if (this.#idle.size === 0) this.#addIdle()
    }, MAX_AGE_MS)
    this.#idle.set(socket, age)
    this.#watch(socket)
    socket
      // A Hub has nothing to say before it is asked, unless it means to end.
      .on('message', () => this.#lose(socket))
      .on('error', () => this.#lose(socket))
      .on('close', () => this.#lose(socket))
  }

  #lose(socket: WebSocket): void {
    this.#isReachable = false
    this.#drop(socket)
  }

  #drop(socket: WebSocket): void {
    this.#remove(socket)
    // A socket that is cut off while it opens says so.
    socket.on('error', () => {})
    socket.terminate()
  }

  #remove(socket: WebSocket): void {
    clearTimeout(this.#idle.get(socket))
    this.#idle.delete(socket)
    socket.removeAllListeners()
  }
}

function isOpen({ readyState }: WebSocket): boolean {
  return readyState === WebSocket.OPEN
}
