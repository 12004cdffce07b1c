/** In how many seconds a client may come back where the server is full, stops or has no Hub. */
export const RETRY_AFTER = 5

/** In how many seconds a client may come back where the process or the Hub has too much to do. */
export const RETRY_AFTER_LOAD = 2

/** The limits that a client can run into, by the names that logs and metrics have for them. */
export const LIMIT_NAMES = [
  'upgrades_per_minute_per_address',
  'sockets_per_address',
  'sockets',
  'logins_per_minute_per_address',
  'logins_per_minute_per_key',
  'hub_calls',
  'waiting_logins',
  'event_loop_lag',
] as const

/** One of {@link LIMIT_NAMES}. */
export type LimitName = (typeof LIMIT_NAMES)[number]

/** What bounds a server. Every limit has its name, unit, default and reason here. */
export interface Limits {
  /**
   * How long a socket may go without starting a login, in seconds: long enough for a slow phone
   * to send its first message, short enough that idle sockets don't pile up.
   */
  readonly idleTimeout: number
  /** The most that one message may have, in bytes: eight times what a signature takes as JSON. */
  readonly maxMessageBytes: number
  /** How many sockets may be open at once; 0 for any number. Each takes up to 20 kB. */
  readonly maxSockets: number
  /** How many sockets one address may have open at once; 0 for any number. */
  readonly maxSocketsPerAddress: number
  /** How many logins one address may start in a minute, junk included; 0 for any number. */
  readonly loginsPerMinutePerAddress: number
  /**
   * How many logins of one public key may succeed in a minute; 0 for any number. The SDK logs in
   * once for each call that it makes while expired, so 25 calls at once are 25 logins.
   */
  readonly loginsPerMinutePerKey: number
  /** How many steps may be asked of the Hub at once; 0 for any number. */
  readonly maxHubCalls: number
  /** How many logins may wait for their apps' signatures at once; 0 for any number. */
  readonly maxWaitingLogins: number
  /** How long logins may run on once the server is told to stop, in seconds. */
  readonly shutdownTimeout: number
}

/** The limits that hold unless others are set. */
export const DEFAULT_LIMITS: Limits = {
  idleTimeout: 10,
  maxMessageBytes: 4_096,
  maxSockets: 10_000,
  maxSocketsPerAddress: 100,
  loginsPerMinutePerAddress: 300,
  loginsPerMinutePerKey: 120,
  maxHubCalls: 200,
  maxWaitingLogins: 2_000,
  shutdownTimeout: 10,
}
