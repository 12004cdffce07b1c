import { Redis } from 'ioredis'
import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible'
import type { Log } from '../log.js'
import type { OpenLimiter } from './rate-limits.js'

/** What the keys of this program start with in a Redis that others use, too. */
const PREFIX = 'userauth'

/** How long Redis may leave a command unanswered, in ms; then it counts as away. */
const ANSWER_TIMEOUT_MS = 500

/** How long it may take to connect, in ms. */
const CONNECT_TIMEOUT_MS = 2_000

/** The longest wait between two tries to connect, in ms. */
const MAX_RETRY_MS = 2_000

/** Rate limits that several servers share. */
export interface RedisLimits {
  readonly openLimiter: OpenLimiter
  /** Lets go of Redis at once. */
  close(): void
}

/**
 * Has rate limits counted in Redis. While it is away, each server counts for itself, in memory, and
 * no login waits for it: a limit is protection, and not worth an outage. Waits until Redis is
 * there, or has turned out to be away.
 *
 * @param url - `redis:` or `rediss:`, perhaps with user, password and number of the database
 */
export async function openRedisLimits(url: string, log: Log): Promise<RedisLimits> {
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
  await isThereOrAway(redis)
  return {
    openLimiter: ({ keyPrefix, ...limit }) =>
      new RateLimiterRedis({
        ...limit,
        keyPrefix: `${PREFIX}:${keyPrefix}`,
        storeClient: redis,
        rejectIfRedisNotReady: true,
        insuranceLimiter: new RateLimiterMemory({ ...limit, keyPrefix }),
      }),
    close: () => redis.disconnect(),
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
