import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import type { Limits } from './limits.js'

/** The length of a limit's window, in seconds. */
const WINDOW = 60

/** How many upgrades an address may ask for, for each login that it may start. */
const UPGRADES_PER_LOGIN = 10

/** How often what may be done, by whom. Counts forget themselves after a minute. */
export class RateLimits {
  readonly #upgrades: RateLimit
  readonly #logins: RateLimit
  readonly #tokens: RateLimit

  constructor({ loginsPerMinutePerAddress, loginsPerMinutePerKey }: Limits) {
    this.#upgrades = new RateLimit('upgrade', loginsPerMinutePerAddress * UPGRADES_PER_LOGIN)
    this.#logins = new RateLimit('login', loginsPerMinutePerAddress)
    this.#tokens = new RateLimit('token', loginsPerMinutePerKey)
  }

  /**
   * Counts an upgrade, so that to connect and leave costs something.
   *
   * @returns 0, or in how many seconds the address may upgrade again
   */
  countUpgrade(address: string): Promise<number> {
    return this.#upgrades.count(address)
  }

  /**
   * Counts a request for a login, or a message that is of no use.
   *
   * @returns 0, or in how many seconds the address may send another
   */
  countMessage(address: string): Promise<number> {
    return this.#logins.count(address)
  }

  /**
   * Counts a token that was earned. Nothing else counts against a key: else whoever names a key
   * could lock its owner out.
   *
   * @returns 0, or in how many seconds the key may earn another
   */
  countToken(pubkey: string): Promise<number> {
    return this.#tokens.count(pubkey)
  }

  /** The same without counting: spares the Hub a login whose token would not be handed out. */
  checkKey(pubkey: string): Promise<number> {
    return this.#tokens.look(pubkey)
  }
}

/** A limit on one thing per minute, for each of those who do it; 0 for none. */
class RateLimit {
  readonly #limiter: RateLimiterMemory | undefined

  constructor(keyPrefix: string, points: number) {
    if (points > 0) this.#limiter = new RateLimiterMemory({ keyPrefix, points, duration: WINDOW })
  }

  /** @returns 0 where it may be done once more, else in how many seconds it may */
  async count(who: string): Promise<number> {
    try {
      await this.#limiter?.consume(who)
      return 0
    } catch (refusal) {
      if (refusal instanceof RateLimiterRes) return secondsUntil(refusal)
      throw refusal
    }
  }

  /** The same, without counting. */
  async look(who: string): Promise<number> {
    const state = await this.#limiter?.get(who)
    return state && state.remainingPoints <= 0 ? secondsUntil(state) : 0
  }
}

function secondsUntil({ msBeforeNext }: RateLimiterRes): number {
  return Math.max(1, Math.ceil(msBeforeNext / 1000))
}
