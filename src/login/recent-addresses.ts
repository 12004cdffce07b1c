import { secondsNow } from '../deadline.js'

/** How long an address is remembered, in seconds. */
const MEMORY = 3_600

/** How many addresses are remembered: the last ones. Each takes about 100 bytes. */
const MAX_ADDRESSES = 10_000

/** The addresses from which a login has succeeded in the last hour. */
export class RecentAddresses {
  /** When the last login has succeeded, by address, in seconds; the longest ago first. */
  readonly #lastLogins = new Map<string, number>()

  add(address: string): void {
    // Set anew, an address moves to the end.
    this.#lastLogins.delete(address)
    this.#lastLogins.set(address, secondsNow())
    if (this.#lastLogins.size <= MAX_ADDRESSES) return
    const [oldest] = this.#lastLogins.keys()
    if (oldest !== undefined) this.#lastLogins.delete(oldest)
  }

  has(address: string): boolean {
    const lastLogin = this.#lastLogins.get(address)
    return lastLogin !== undefined && secondsNow() - lastLogin < MEMORY
  }
}
