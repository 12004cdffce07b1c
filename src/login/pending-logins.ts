import { RETRY_AFTER } from '../limits/limits.js'
import { ErrorCode } from '../protocol.js'
import { LoginError } from './errors.js'

/** A login that waits for its app's signature. */
export interface PendingLogin {
  /** The client's address, as it is counted. */
  readonly address: string
  /** Ends the login for the reason given. */
  abort(reason: Error): void
}

/**
 * The logins that wait for a signature, up to a limit. Where there is one too many, the oldest of
 * the address that has most is evicted: a crowd of silent apps evicts itself, not others.
 */
export class PendingLogins {
  readonly #findLimit: () => number
  /** By address, oldest first. */
  readonly #byAddress = new Map<string, Set<PendingLogin>>()
  #size = 0

  /** @param findLimit - tells how many may wait now; `Infinity` for any number */
  constructor(findLimit: () => number) {
    this.#findLimit = findLimit
  }

  /** How many wait. */
  get size(): number {
    return this.#size
  }

  /** Adds a login, and evicts one of the address that has most where that is one too many. */
  add(login: PendingLogin): void {
    const peers = this.#byAddress.get(login.address) ?? new Set()
    this.#byAddress.set(login.address, peers.add(login))
    this.#size += 1
    if (this.#size > this.#findLimit()) this.#evict()
  }

  /** Removes a login. Does nothing for one that isn't there. */
  delete(login: PendingLogin): void {
    const peers = this.#byAddress.get(login.address)
    if (!peers?.delete(login)) return
    this.#size -= 1
    if (peers.size === 0) this.#byAddress.delete(login.address)
  }

  #evict(): void {
    let largest: ReadonlySet<PendingLogin> = new Set()
    for (const peers of this.#byAddress.values()) if (peers.size > largest.size) largest = peers
    const [oldest] = largest
    if (!oldest) return
    this.delete(oldest)
    const details = { retryAfter: RETRY_AFTER, limit: 'waiting_logins' } as const
    oldest.abort(new LoginError(ErrorCode.Overloaded, details))
  }
}
