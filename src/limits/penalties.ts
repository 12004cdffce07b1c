/** How many floods within how long earn an address a penalty; the time in ms. */
const FLOODS = 3
const WINDOW_MS = 60_000

/** How long a first penalty lasts, and the longest one, in ms. Each next one lasts twice as long. */
const FIRST_PENALTY_MS = 10_000
const LONGEST_PENALTY_MS = 60_000

/** What is remembered of an address. Times are in ms, by the clock of {@link Penalties}. */
interface Offender {
  /** When its floods of the last minute were, at most {@link FLOODS} of them. */
  readonly floods: number[]
  /** When its last penalty ends; 0 where it has had none. */
  end: number
  /** How long its next penalty lasts. */
  nextMs: number
}

/**
 * Keeps addresses out that flood: after three floods within a minute for 10 s, then for 20, 40 and
 * 60 s. An address that has done nothing for a minute after its last penalty is forgotten.
 */
export class Penalties {
  readonly #now: () => number
  /** By address; whose last flood was longest ago comes first. */
  readonly #offenders = new Map<string, Offender>()

  /** @param now - a monotonic clock, in ms */
  constructor(now = () => performance.now()) {
    this.#now = now
  }

  /** The number of addresses that something is remembered of. */
  get size(): number {
    return this.#offenders.size
  }

  /** Counts a flood of an address. */
  countFlood(address: string): void {
    const now = this.#now()
    this.#forget(now)
    const known = this.#offenders.get(address)
    const offender = known ?? { floods: [], end: 0, nextMs: FIRST_PENALTY_MS }
    this.#offenders.delete(address)
    this.#offenders.set(address, offender)
    // What was open before the penalty began may flood on: that is one offence, not several.
    if (now < offender.end) return
    const recent = offender.floods.filter((time) => now - time < WINDOW_MS)
    offender.floods.splice(0, Number.POSITIVE_INFINITY, ...recent, now)
    if (offender.floods.length < FLOODS) return
    offender.floods.length = 0
    offender.end = now + offender.nextMs
    offender.nextMs = Math.min(offender.nextMs * 2, LONGEST_PENALTY_MS)
  }

  /** @returns 0, or in how many seconds the penalty of an address ends */
  secondsLeft(address: string): number {
    // Nearly always there is no offender at all.
    if (this.#offenders.size === 0) return 0
    const end = this.#offenders.get(address)?.end ?? 0
    return Math.max(0, Math.ceil((end - this.#now()) / 1_000))
  }

  /** Forgets those that have done nothing for a minute. */
  #forget(now: number): void {
    for (const [address, { floods, end }] of this.#offenders) {
      if (now - Math.max(floods.at(-1) ?? 0, end) < WINDOW_MS) break
      this.#offenders.delete(address)
    }
  }
}
