/** In how many seconds a client may come back where the server is full, stops or has no Hub. */
export const RETRY_AFTER = 5

/** In how many seconds a client may come back where the process or the Hub has too much to do. */
export const RETRY_AFTER_LOAD = 2

/** The limits that a client can run into, by the names that logs and metrics have for them. */
export const LIMIT_NAMES = [
  'connections_per_ip',
  'connections',
  'pipelined_requests',
  'requests_per_minute_per_ip',
  'health_checks_per_minute_per_ip',
  'floods_per_minute_per_ip',
  'bytes_per_login',
  'messages_per_socket',
  'sockets_per_ip',
  'sockets',
  'logins_per_minute_per_ip',
  'logins_per_minute_per_key',
  'hub_calls',
  'waiting_logins',
  'event_loop_lag',
] as const

/** One of {@link LIMIT_NAMES}. */
export type LimitName = (typeof LIMIT_NAMES)[number]

/**
 * Limits of a server: each with its name, unit and reason. `Number.POSITIVE_INFINITY` lifts a
 * limit on a number of things; in the configuration that is written as 0.
 */
export interface Limits {
  /**
   * How long a socket may stay open while no login runs on it, in seconds: long enough for a slow
   * phone to send its first message, short enough that idle sockets don't pile up. Can't be lifted.
   */
  readonly idleTimeout: number
  /**
   * The size of the largest message that an app may send, in bytes: eight times what a signature
   * takes as JSON. Can't be lifted.
   */
  readonly maxMessageBytes: number
  /** How many sockets may be open at once. Each takes up to 20 kB. `Infinity` lifts it. */
  readonly maxSockets: number
  /** How many sockets of one IP address may be open at once. `Infinity` lifts it. */
  readonly maxSocketsPerIp: number
  /**
   * How many logins one IP address may start in a minute, invalid messages included. `Infinity`
   * lifts it.
   */
  readonly loginsPerMinutePerIp: number
  /**
   * How many logins of one public key may succeed in a minute. The SDK logs in once for each call
   * that it makes while expired, so 25 calls at once are 25 logins. `Infinity` lifts it.
   */
  readonly loginsPerMinutePerKey: number
  /** How many steps may be asked of the Hub at once; as many may queue. `Infinity` lifts it. */
  readonly maxHubCalls: number
  /** How many logins may wait for their apps' signatures at once. `Infinity` lifts it. */
  readonly maxWaitingLogins: number
  /** How long logins may run on once the server is told to stop, in seconds. Can't be lifted. */
  readonly shutdownTimeout: number
}

/** The limits that hold unless others are set. */
export const DEFAULT_LIMITS: Limits = {
  idleTimeout: 10,
  maxMessageBytes: 4_096,
  maxSockets: 10_000,
  maxSocketsPerIp: 100,
  loginsPerMinutePerIp: 300,
  loginsPerMinutePerKey: 120,
  maxHubCalls: 200,
  maxWaitingLogins: 2_000,
  shutdownTimeout: 10,
}

/**
 * Completes limits with the usual ones.
 *
 * @throws RangeError for a limit of 0 or less, which would let nobody in
 */
export function completeLimits(limits: Partial<Limits> = {}): Limits {
  for (const [name, value] of Object.entries(limits)) {
    if (value > 0) continue
    throw new RangeError(`limits.${name}: must be above 0, is ${value}; Infinity lifts a limit`)
  }
  return { ...DEFAULT_LIMITS, ...limits }
}
