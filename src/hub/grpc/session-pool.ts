import { HubError } from '../hub.js'
import { GrpcSession, type SessionOwner } from './session.js'

/** The most sessions with one Hub, and so the most connections: the closing ones count too. */
export const MAX_SESSIONS = 8

/** A call that needs a session. It is started or rejected, once. */
export interface PendingCall {
  /** Starts the call's one stream on the session, at once. */
  start(session: GrpcSession): void
  /** Fails the call: there is no session to be had. */
  reject(error: HubError): void
}

/**
 * The HTTP/2 sessions with one Hub: one, unless the Hub limits the calls on a session, or leaves
 * calls on it unanswered; never more than eight. Where there is no room the call waits, until
 * there is or its owner cancels it.
 *
 * A session that is lost is replaced at once if it was used, else when the next call comes: a Hub
 * that hangs up on everybody is not called again and again. A suspect one takes a call only where
 * no other session can be had, and one at a time: a Hub that has answered nothing for a while is
 * asked slowly, but is asked.
 */
export class SessionPool implements SessionOwner {
  readonly #endpoint: URL
  /** All that are not gone, oldest first. */
  readonly #sessions = new Set<GrpcSession>()
  /** The calls that wait for room, in the order in which they came. */
  readonly #pending = new Set<PendingCall>()
  /** The most calls on one session, as the Hub last said. */
  #maxCalls = Number.POSITIVE_INFINITY
  #isClosed = false

  /** @param endpoint - the Hub's gRPC endpoint: `http:` for cleartext, `https:` for TLS */
  constructor(endpoint: URL) {
    this.#endpoint = endpoint
  }

  /** How many sessions there are now, in whatever state. */
  get size(): number {
    return this.#sessions.size
  }

  /** The most calls that can run at a time; infinite until the Hub has named a limit. */
  get capacity(): number {
    return MAX_SESSIONS * this.#maxCalls
  }

  /** Opens a session ahead of the first call, unless there is one. Failure shows in the calls. */
  open(): void {
    if (!this.#isServed()) this.#add()
  }

  /** Starts a call on a session: at once where there is room, else as soon as there is. */
  acquire(call: PendingCall): void {
    if (this.#isClosed) {
      call.reject(new HubError('the connection to the Hub is closed'))
      return
    }
    this.#pending.add(call)
    this.#serve()
  }

  /** Forgets a call that waits for room; does nothing for any other. */
  cancel(call: PendingCall): void {
    this.#pending.delete(call)
  }

  /** Cuts every call off, and frees every connection at once. */
  close(): void {
    this.#isClosed = true
    for (const session of this.#sessions) session.close()
    this.#rejectPending(new HubError('the connection to the Hub is closed'))
  }

  onRoom(session: GrpcSession): void {
    // A Hub may close a session to new calls by a limit of 0, which tells nothing of the next.
    if (session.maxCalls > 0) this.#maxCalls = session.maxCalls
    this.#serve()
  }

  onLeaving(session: GrpcSession): void {
    if (session.wasUsed) this.open()
  }

  onGone(session: GrpcSession, error: HubError): void {
    this.#sessions.delete(session)
    if (session.wasUsed) this.#serve()
    else this.#startPending({ mayTry: true })
    if (!this.#isServed()) this.#rejectPending(error)
  }

  onIdle(session: GrpcSession): void {
    const isRedundant = [...this.#sessions].some((other) => other !== session && other.hasRoom)
    if (isRedundant && session.runningCalls === 0) session.close()
  }

  /** Starts what can be started, and opens sessions for the rest. */
  #serve(): void {
    if (this.#pending.size === 0) return
    this.#startPending({ mayTry: false })
    this.#addForPending()
    this.#startPending({ mayTry: true })
  }

  /**
   * Starts pending calls, oldest first, for as long as there is room.
   *
   * @param mayTry - whether a suspect session will do, where no other is on its way
   */
  #startPending({ mayTry }: { mayTry: boolean }): void {
    for (const call of this.#pending) {
      const session = this.#findRoom(mayTry)
      if (!session) return
      this.#pending.delete(call)
      call.start(session)
    }
  }

  #findRoom(mayTry: boolean): GrpcSession | undefined {
    let suspect: GrpcSession | undefined
    let isConnecting = false
    for (const session of this.#sessions) {
      if (session.hasRoom) return session
      if (session.isConnecting) isConnecting = true
      else if (session.takesTrial) suspect ??= session
    }
    return mayTry && !isConnecting ? suspect : undefined
  }

  /** Whether a call that comes now will find room, sooner or later. */
  #isServed(): boolean {
    for (const session of this.#sessions) {
      if (session.isConnecting || session.isOpen) return true
    }
    return false
  }

  get #canAdd(): boolean {
    return !this.#isClosed && this.#sessions.size < MAX_SESSIONS
  }

  #add(): void {
    if (this.#canAdd) this.#sessions.add(new GrpcSession(this.#endpoint, this))
  }

  /** Opens as many sessions as the pending calls need: one, until the Hub has named a limit. */
  #addForPending(): void {
    if (this.#pending.size === 0 || !this.#canAdd) return
    const needed = Math.max(1, Math.ceil(this.#pending.size / this.#maxCalls))
    let connecting = 0
    for (const session of this.#sessions) if (session.isConnecting) connecting += 1
    for (; connecting < needed && this.#canAdd; connecting += 1) this.#add()
  }

  #rejectPending(error: HubError): void {
    const rejected = [...this.#pending]
    this.#pending.clear()
    for (const call of rejected) call.reject(error)
  }
}
