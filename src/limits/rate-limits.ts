import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import type { Limits } from './limits.js'

/** The length of a limit's window, in seconds. */
const WINDOW = 60

/** How many requests an address may send, upgrades among them, for each login that it may start. */
const REQUESTS_PER_LOGIN = 10

/** How often something may be done within how many seconds, and what its counts are kept under. */
export interface LimiterOptions {
  readonly keyPrefix: string
  readonly points: number
  readonly duration: number
}

/** Makes what counts. It must not reject because the place of its counts is away. */
export type OpenLimiter = (options: LimiterOptions) => RateLimiterAbstract

const openMemoryLimiter: OpenLimiter = (options) => new RateLimiterMemory(options)

/** How often what may be done, by whom. Counts forget themselves after a minute. */
export class RateLimits {
  readonly #requests: RateLimit
  readonly #healthChecks: RateLimit
  readonly #logins: RateLimit
  readonly #tokens: RateLimit

  /** @param openLimiter - makes what counts; in memory where missing */
  constructor(
    { loginsPerMinutePerIp, loginsPerMinutePerKey }: Limits,
    openLimiter = openMemoryLimiter,
  ) {
    // What is not limited is not counted either: it would cost memory, or a call to Redis.
    const limit = (keyPrefix: string, points: number, open = openLimiter) =>
      new RateLimit(
        Number.isFinite(points) ? open({ keyPrefix, points, duration: WINDOW }) : undefined,
      )
    const requests = loginsPerMinutePerIp * REQUESTS_PER_LOGIN
    this.#requests = limit('request', requests)
    // In memory: whether an instance is well must not depend on where instances count together.
    this.#healthChecks = limit('health', requests, openMemoryLimiter)
    this.#logins = limit('login', loginsPerMinutePerIp)
    this.#tokens = limit('token', loginsPerMinutePerKey)
  }

  /**
   * Counts a request or an upgrade, whether it is granted or not.
   *
   * @returns 0, or in how many seconds the address may send another
   */
  countRequest(address: string): Promise<number> {
    return this.#requests.count(address)
  }

  /**
   * Counts a request for the server's health, which nothing else counts against.
   *
   * @returns 0, or in how many seconds the address may send another
   */
  countHealthCheck(address: string): Promise<number> {
    return this.#healthChecks.count(address)
  }

  /**
   * Counts a request for a login, or a useless message.
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

/** A limit on one thing per minute, for each of those who do it. */
class RateLimit {
  readonly #limiter: RateLimiterAbstract | undefined

  /** @param limiter - counts; nothing is limited where it is missing */
  constructor(limiter: RateLimiterAbstract | undefined) {
    this.#limiter = limiter
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
