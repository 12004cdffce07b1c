import { Agent } from 'node:https'
import { WebSocket } from 'ws'
import { MAX_MESSAGE_BYTES } from '../../grpc/frames.js'

/** How long a Hub may take until a socket is open, in ms: TCP, TLS and the upgrade. */
const OPEN_TIMEOUT_MS = 5_000

/** How long a Hub may take to answer our closing of a finished call's socket, in ms. */
const CLOSE_TIMEOUT_MS = 1_000

/** The most sockets that wait for calls. */
export const MAX_SPARES = 8

/** How long a socket may wait for a call, in ms: less than proxies let an idle one live. */
const MAX_AGE_MS = 30_000

/** A socket for a call. */
export interface HubSocket {
  readonly socket: WebSocket
  /** Whether it has waited, open: it may have died meanwhile, which only using it tells. */
  readonly isSpare: boolean
}

/**
 * The WebSockets to a Hub's gRPC-web door, one for each call. Some are opened ahead of need: a
 * call that finds one is spared TCP, TLS and the upgrade. A call that finds none open makes for one
 * spare more, up to eight; one that has waited for 30 s is closed, and replaced if it is the last.
 * While the Hub can't be reached, nothing is opened but what calls ask for.
 */
export class HubSockets {
  readonly #spareUrl: string
  /** Spares that are open or opening, oldest first, each with the timer of its age. */
  readonly #spares = new Map<WebSocket, NodeJS.Timeout>()
  /** Resumes TLS sessions: whoever connects again needn't verify the Hub's certificate again. */
  readonly #agent: Agent | undefined
  #isReachable = false
  #isClosed = false

  /**
   * Opens the first spare, ahead of the first call.
   *
   * @param spareUrl - address of the method that spares are for; `http:` or `https:`
   */
  constructor(spareUrl: string) {
    this.#spareUrl = spareUrl
    if (spareUrl.startsWith('https:')) this.#agent = new Agent({ maxCachedSessions: 1 })
    this.#addSpare()
  }

  /** How many spares are open now. */
  get spares(): number {
    return [...this.#spares.keys()].filter(isOpen).length
  }

  /**
   * Gives a call its socket, which is the caller's from then on: a spare where one waits. It may
   * be opening still, and emits `error` and `close` where that fails.
   *
   * @param url - address of the method that is called
   */
  take(url: string): HubSocket {
    if (url !== this.#spareUrl) return this.takeFresh(url)
    const taken = this.#takeSpare() ?? this.takeFresh(url)
    if (this.#isReachable) this.#refill(taken.isSpare ? 1 : 2)
    return taken
  }

  /** The same, but never a spare. */
  takeFresh(url: string): HubSocket {
    const socket = this.#open(url)
    this.#watch(socket)
    return { socket, isSpare: false }
  }

  /** Lets go of all spares: one of them was dead, and the others are as old. */
  distrust(): void {
    for (const socket of this.#spares.keys()) this.#drop(socket)
  }

  /** Frees every spare at once, and opens none from now on. */
  close(): void {
    this.#isClosed = true
    this.distrust()
    this.#agent?.destroy()
  }

  #open(url: string): WebSocket {
    return new WebSocket(url.replace(/^http/, 'ws'), 'grpc-websockets', {
      agent: this.#agent,
      perMessageDeflate: false,
      maxPayload: MAX_MESSAGE_BYTES,
      handshakeTimeout: OPEN_TIMEOUT_MS,
      closeTimeout: CLOSE_TIMEOUT_MS,
    })
  }

  #watch(socket: WebSocket): void {
    socket.on('open', () => {
      this.#isReachable = true
    })
  }

  /** The oldest spare that is open, else the oldest. */
  #takeSpare(): HubSocket | undefined {
    const spares = [...this.#spares.keys()]
    const socket = spares.find(isOpen) ?? spares[0]
    if (!socket) return undefined
    this.#forget(socket)
    const isSpare = isOpen(socket)
    if (!isSpare) this.#watch(socket)
    return { socket, isSpare }
  }

  #refill(count: number): void {
    for (let added = 0; added < count && this.#spares.size < MAX_SPARES; added += 1) {
      this.#addSpare()
    }
  }

  #addSpare(): void {
    if (this.#isClosed) return
    const socket = this.#open(this.#spareUrl)
    const age = setTimeout(() => {
      this.#drop(socket)
      if (this.#spares.size === 0) this.#addSpare()
    }, MAX_AGE_MS)
    this.#spares.set(socket, age)
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
    this.#forget(socket)
    // A socket that is cut off while it opens says so.
    socket.on('error', () => {})
    socket.terminate()
  }

  #forget(socket: WebSocket): void {
    clearTimeout(this.#spares.get(socket))
    this.#spares.delete(socket)
    socket.removeAllListeners()
  }
}

function isOpen({ readyState }: WebSocket): boolean {
  return readyState === WebSocket.OPEN
}
