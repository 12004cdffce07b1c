import { createRequire } from 'node:module'
import { Redis, ReplyError } from 'ioredis'
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import type { Log } from '../log.js'
import type { Limiter, LimiterOptions, OpenLimiter } from './rate-limits.js'

/** What the keys of this program start with in a Redis that others use, too. */
const PREFIX = 'userauth'

/** How long Redis may leave a command unanswered, in ms; then it counts as away. */
const ANSWER_TIMEOUT_MS = 500

/** How long it may take to connect, in ms. */
const CONNECT_TIMEOUT_MS = 2_000

/** The longest wait between two tries to connect, in ms. */
const MAX_RETRY_MS = 2_000

/** The parts of the package `debug` that are used here. */
interface Debug {
  /** Has nobody print. @returns what was printed, as `enable` takes it */
  disable(): string
  enable(namespaces: string): void
}

/** Rate limits that several servers share. */
export interface RedisLimits {
  readonly openLimiter: OpenLimiter
  /** Lets go of Redis at once. */
  close(): void
}

/**
 * Has rate limits counted in Redis. While it is away, or takes no writes, each server counts for
 * itself, in memory, and no login waits for it: a limit is protection, and not worth an outage.
 * Waits until Redis is there, or has turned out to be away.
 *
 * @param url - `redis:` or `rediss:`, perhaps with user, password and number of the database
 */
export async function openRedisLimits(url: string, log: Log): Promise<RedisLimits> {
  silenceDebugOutput()
  const redis = new Redis(url, {
    // What can't be asked now is counted in memory now, instead of being asked later.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    connectTimeout: CONNECT_TIMEOUT_MS,
    // A Redis that has frozen is hung up on, and is away until it answers a new connection.
    commandTimeout: ANSWER_TIMEOUT_MS,
    socketTimeout: ANSWER_TIMEOUT_MS,
    retryStrategy: (tries) => Math.min(tries * 100, MAX_RETRY_MS),
  })
  reportOutages(redis, log)
  const refusals = new Refusals(log)
  await isThereOrAway(redis)
  return {
    openLimiter: (options) => new RedisLimiter(redis, options, refusals),
    close: () => redis.disconnect(),
  }
}

/**
 * ioredis prints what it sends, with the password and whole public keys, where `DEBUG` names it or
 * is `*`. Here it never does. The package `debug` is asked for as ioredis does, so it is its own.
 */
function silenceDebugOutput(): void {
  const debug: Debug = createRequire(createRequire(import.meta.url).resolve('ioredis'))('debug')
  debug.enable(`${debug.disable()},-ioredis:*`)
}

/** A limiter that counts in Redis, or in memory where Redis can't. */
class RedisLimiter implements Limiter {
  readonly #redis: RateLimiterRedis
  readonly #memory: RateLimiterMemory
  readonly #refusals: Refusals

  constructor(redis: Redis, { keyPrefix, ...limit }: LimiterOptions, refusals: Refusals) {
    this.#redis = new RateLimiterRedis({
      ...limit,
      keyPrefix: `${PREFIX}:${keyPrefix}`,
      storeClient: redis,
      rejectIfRedisNotReady: true,
    })
    this.#memory = new RateLimiterMemory({ ...limit, keyPrefix })
    this.#refusals = refusals
  }

  async consume(who: string): Promise<RateLimiterRes> {
    try {
      const counted = await this.#redis.consume(who)
      this.#refusals.writeTaken()
      return counted
    } catch (error) {
      // That is what it rejects with where there were too many: it has counted.
      if (error instanceof RateLimiterRes) this.#refusals.writeTaken()
      if (error instanceof RateLimiterRes) throw error
      this.#refusals.writeFailed(error)
      return this.#memory.consume(who)
    }
  }

  get(who: string): Promise<RateLimiterRes | null> {
    return this.#redis.get(who).catch(() => this.#memory.get(who))
  }
}

/** Logs when a Redis that is there begins to refuse writes, why, and when it takes them again. */
class Refusals {
  readonly #log: Log
  /** The code that Redis refuses with, such as `OOM`, `READONLY` or `MISCONF`. */
  #reason: string | undefined

  constructor(log: Log) {
    this.#log = log
  }

  writeFailed(error: unknown): void {
    // Any other error says that Redis is away, which is logged elsewhere.
    if (!(error instanceof Error && error instanceof ReplyError)) return
    const [reason] = /^[A-Z]+/.exec(error.message) ?? ['ERR']
    if (reason === this.#reason) return
    this.#reason = reason
    this.#log.warn({ reason }, 'Redis refuses to count: limits are counted in memory until it does')
  }

  writeTaken(): void {
    if (this.#reason === undefined) return
    this.#reason = undefined
    this.#log.info('Redis counts again: limits are counted there')
  }
}

/** Waits for the end of the first try to connect, which has deadlines of its own. */
function isThereOrAway(redis: Redis): Promise<void> {
  return new Promise((resolve) => {
    redis.once('ready', resolve).once('close', resolve)
  })
}

/** Says once when Redis has gone away, and once when it is back. */
function reportOutages(redis: Redis, log: Log): void {
  let isAway = false
  const report = (error?: Error & { code?: unknown }): void => {
    if (isAway) return
    isAway = true
    log.warn({ errno: error?.code }, 'Redis is away: limits are counted in memory until it is back')
  }
  redis
    .on('error', report)
    .on('reconnecting', () => report())
    .on('ready', () => {
      if (isAway) log.info('Redis is back: limits are counted there again')
      isAway = false
    })
}
