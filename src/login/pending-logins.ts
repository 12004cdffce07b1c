import { ErrorCode } from '../protocol.js'
import { LoginFailure } from './errors.js'

/** In how many seconds a login that had to give up its place may come back. */
const RETRY_AFTER = 5

/** A login that waits for its app's signature. */
export interface Waiting {
  /** The client's address. */
  readonly address: string
  /** Ends the login for the reason given. */
  interrupt(reason: Error): void
}

/**
 * The places of logins that wait for a signature. When they are all taken, the address that holds
 * most gives up its oldest: a crowd of silent apps crowds out itself, not others.
 */
export class WaitingRoom {
  readonly #places: number
  /** Who waits, by address, oldest first. */
  readonly #byAddress = new Map<string, Set<Waiting>>()
  #size = 0

  /** @param places - how many may wait; `Infinity` for any number */
  constructor(places: number) {
    this.#places = places
  }

  /** How many wait. */
  get size(): number {
    return this.#size
  }

  /** Takes a place; where none is free, a login of the address that holds most gives up its. */
  enter(login: Waiting): void {
    const peers = this.#byAddress.get(login.address) ?? new Set()
    this.#byAddress.set(login.address, peers.add(login))
    this.#size += 1
    if (this.#size > this.#places) this.#crowdOut()
  }

  /** Frees a place. Does nothing for who has none. */
  leave(login: Waiting): void {
    const peers = this.#byAddress.get(login.address)
    if (!peers?.delete(login)) return
    this.#size -= 1
    if (peers.size === 0) this.#byAddress.delete(login.address)
  }

  #crowdOut(): void {
    let largest: ReadonlySet<Waiting> = new Set()
    for (const peers of this.#byAddress.values()) if (peers.size > largest.size) largest = peers
    const [oldest] = largest
    if (!oldest) return
    this.leave(oldest)
    const failure = { retryAfter: RETRY_AFTER, limit: 'waiting_logins' } as const
    oldest.interrupt(new LoginFailure(ErrorCode.Overloaded, failure))
  }
}
