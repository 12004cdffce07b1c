import { HubError } from '../hub.js'
import { GrpcSession, type SessionOwner } from './session.js'

/** A call in search of a session. Is answered once. */
export interface Passenger {
  /** Takes its place: starts its one stream on the session, at once. */
  board(session: GrpcSession): void
  /** There is no session to be had. */
  strand(error: HubError): void
}

/**
 * The HTTP/2 sessions with one Hub: one, unless the Hub limits the calls on a session, or leaves
 * calls on it unanswered. A session that is lost is replaced at once if it was of use, else when
 * the next call comes: a Hub that hangs up on everybody is not called again and again.
 */
export class GrpcSessions implements SessionOwner {
  readonly #door: URL
  /** All that are not gone, oldest first. */
  readonly #sessions = new Set<GrpcSession>()
  /** The calls that wait for room, in the order in which they came. */
  readonly #waiting = new Set<Passenger>()
  /** The most calls on one session, as the Hub last said. */
  #maxCalls = Number.POSITIVE_INFINITY
  #isClosed = false

  /** @param door - the Hub's native door: `http:` for cleartext, `https:` for TLS */
  constructor(door: URL) {
    this.#door = door
  }

  /** How many sessions there are now, in whatever state. */
  get size(): number {
    return this.#sessions.size
  }

  /** Opens a session ahead of the first call, unless there is one. Failure shows in the calls. */
  open(): void {
    if (!this.#isClosed && !this.#isServed()) this.#add()
  }

  /** Finds a place for a call: at once where there is room, else as soon as there is. */
  seat(passenger: Passenger): void {
    if (this.#isClosed) {
      passenger.strand(new HubError('the connection to the Hub is closed'))
      return
    }
    const session = this.#findRoom()
    if (session) {
      passenger.board(session)
      return
    }
    this.#waiting.add(passenger)
    this.#addForWaiting()
  }

  /** Lets go of a call that waits for a place; of any other, nothing. */
  forget(passenger: Passenger): void {
    this.#waiting.delete(passenger)
  }

  /** Cuts every call off, and frees every connection at once. */
  close(): void {
    this.#isClosed = true
    for (const session of this.#sessions) session.close()
    this.#strandWaiting(new HubError('the connection to the Hub is closed'))
  }

  onRoom(session: GrpcSession): void {
    // A Hub may close a session to new calls by a limit of 0, which tells nothing of the next.
    if (session.maxCalls > 0) this.#maxCalls = session.maxCalls
    for (const passenger of this.#waiting) {
      const found = this.#findRoom()
      if (!found) break
      this.#waiting.delete(passenger)
      passenger.board(found)
    }
    this.#addForWaiting()
  }

  onLeaving(session: GrpcSession): void {
    if (session.wasUsed) this.open()
  }

  onGone(session: GrpcSession, error: HubError): void {
    this.#sessions.delete(session)
    if (!this.#isServed()) this.#strandWaiting(error)
  }

  onIdle(session: GrpcSession): void {
    const isSpare = [...this.#sessions].some((other) => other !== session && other.hasRoom)
    if (isSpare && session.runningCalls === 0) session.close()
  }

  #findRoom(): GrpcSession | undefined {
    for (const session of this.#sessions) if (session.hasRoom) return session
    return undefined
  }

  /** Whether a call that comes now will find room, sooner or later. */
  #isServed(): boolean {
    for (const session of this.#sessions) {
      if (session.isConnecting || session.isUsable) return true
    }
    return false
  }

  #add(): void {
    this.#sessions.add(new GrpcSession(this.#door, this))
  }

  /** Opens as many sessions as the waiting calls need: one, until the Hub has named a limit. */
  #addForWaiting(): void {
    if (this.#isClosed || this.#waiting.size === 0) return
    const needed = Math.max(1, Math.ceil(this.#waiting.size / this.#maxCalls))
    let connecting = 0
    for (const session of this.#sessions) if (session.isConnecting) connecting += 1
    for (; connecting < needed; connecting += 1) this.#add()
  }

  #strandWaiting(error: HubError): void {
    const stranded = [...this.#waiting]
    this.#waiting.clear()
    for (const passenger of stranded) passenger.strand(error)
  }
}
