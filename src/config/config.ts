import type { z } from 'zod'
import type { TlsFiles } from '../http/listener.js'
import type { AllowedOrigins } from '../http/origins.js'
import type { ApiKey } from '../keys/api-signature.js'
import type { Limits } from '../limits/limits.js'
import type { LogLevel } from '../log.js'
import type { MetricsAddress } from '../metrics/metrics.js'
import type { UsersConfig } from '../users/open-user-store.js'
import { findErrors, findWarnings, isProduction } from './checks.js'
import { ConfigError } from './config-error.js'
import { type Environment, withoutEmpty } from './environment.js'
import { readTlsConfig } from './tls.js'
import { isGrpc } from './values.js'
import { type Variables, variables } from './variables.js'

/** The Hub that the server uses: one that runs elsewhere, or the built-in one. */
export type HubConfig =
  | { readonly kind: 'remote'; readonly url: string; readonly apiKey: ApiKey }
  | ({ readonly kind: 'dev' } & DevHubConfig)

/** How the built-in Hub is set up. */
export interface DevHubConfig {
  /** TCP port of its gRPC-web endpoint; 0 takes a free one. */
  readonly port: number
  /** TCP port of its native gRPC endpoint; 0 takes a free one. */
  readonly grpcPort: number
  /** The folder in which it has a folder of its own. */
  readonly dataDir: string
  /** File with what it is filled with, where there is one. */
  readonly seedFile: string | undefined
}

/** Whether the demo page is served, and where browsers reach the Hub. */
export interface DemoConfig {
  readonly isServed: boolean
  /** The Hub's gRPC-web endpoint; missing where it is the built-in Hub's, or no page is served. */
  readonly hubUrl: string | undefined
}

/** What the server is told by its operator. Times are in seconds. */
export interface Config {
  /** TCP port to listen on; 0 takes a free one. */
  readonly port: number
  /** Address to listen on; every interface where missing. */
  readonly host: string | undefined
  readonly logLevel: LogLevel
  readonly hub: HubConfig
  /** How long the Hub may take for each of a login's two steps, in seconds. */
  readonly hubTimeout: number
  /** How long an app may take to sign, in seconds. */
  readonly challengeTimeout: number
  /** How long the API signature of a `UserAuth` is valid, in seconds. */
  readonly userAuthTtl: number
  /** How long after a login its API signature may be renewed, in seconds; 0 for not at all. */
  readonly renewalTtl: number
  readonly demo: DemoConfig
  readonly users: UsersConfig
  /** Address of the webhook that decides who may log in; everybody may where missing. */
  readonly authorizeUrl: string | undefined
  readonly limits: Limits
  /** Where rates are counted for several servers; in memory where missing. May hold a password. */
  readonly redisUrl: string | undefined
  /** Where metrics are served; nowhere where missing. */
  readonly metrics: MetricsAddress | undefined
  /** What https and wss are served with; http and ws are served where missing. */
  readonly tls: TlsFiles | undefined
  /** Whether credentials are given without identity, as in Textile's tutorial. */
  readonly simpleAuth: boolean
  /** Whose pages may log users in. */
  readonly allowedOrigins: AllowedOrigins
  /** Proxies whose `X-Forwarded-For` is believed: addresses, or ranges in CIDR notation. */
  readonly trustedProxies: readonly string[]
  /** What the operator should know of, though it stops nothing; one line each. */
  readonly warnings: readonly string[]
}

/**
 * Reads the configuration. An empty variable is the same as one that is not set.
 *
 * @throws ConfigError with every error that the environment has
 */
export function readConfig(environment: Environment): Config {
  const given = withoutEmpty(environment)
  const result = variables.safeParse(given)
  const tls = readTlsConfig(given.TLS_CERT, given.TLS_KEY)
  const errors = [
    ...(result.error ? describe(result.error) : []),
    ...findErrors(given),
    ...tls.errors,
  ]
  if (!result.success || errors.length > 0) throw new ConfigError(errors)

  const read = result.data
  const hub = toHub(read)
  return {
    port: read.PORT,
    host: read.HOST ?? (hub.kind === 'dev' ? '127.0.0.1' : undefined),
    logLevel: read.LOG_LEVEL,
    hub,
    hubTimeout: read.HUB_TIMEOUT,
    challengeTimeout: read.CHALLENGE_TIMEOUT,
    userAuthTtl: read.USER_AUTH_TTL,
    renewalTtl: read.RENEWAL_TTL,
    demo: {
      isServed: read.DEMO ?? hub.kind === 'dev',
      hubUrl: read.HUB_PUBLIC_URL ?? (isGrpc(read.HUB_URL) ? undefined : read.HUB_URL),
    },
    users: toUsers(read),
    authorizeUrl: read.AUTHORIZE_URL,
    limits: toLimits(read),
    redisUrl: read.REDIS_URL,
    metrics: toMetrics(read),
    tls: tls.files,
    simpleAuth: read.SIMPLE_AUTH,
    allowedOrigins: read.ALLOWED_ORIGINS ?? (isProduction(read) ? [] : 'local'),
    trustedProxies: read.TRUSTED_PROXIES,
    warnings: [...findWarnings(read), ...tls.warnings],
  }
}

/**
 * Reads how the built-in Hub is set up, for those who need nothing else.
 *
 * @throws ConfigError where `DEV_HUB_PORT` or `DEV_HUB_GRPC_PORT` is no port
 */
export function readDevHubConfig(environment: Environment): DevHubConfig {
  const schema = variables.pick({
    DEV_HUB_PORT: true,
    DEV_HUB_GRPC_PORT: true,
    DEV_HUB_SEED: true,
    DATA_DIR: true,
  })
  return toDevHub(parse(schema, environment))
}

/**
 * Reads where the users are kept, for those who need nothing else.
 *
 * @throws ConfigError where `DATABASE_URL` is no address of a PostgreSQL database
 */
export function readUsersConfig(environment: Environment): UsersConfig {
  return toUsers(parse(variables.pick({ DATA_DIR: true, DATABASE_URL: true }), environment))
}

function parse<Schema extends z.ZodType>(
  schema: Schema,
  environment: Environment,
): z.output<Schema> {
  const result = schema.safeParse(withoutEmpty(environment))
  if (result.success) return result.data
  throw new ConfigError(describe(result.error))
}

/** Puts each error that was found in reading into a line. */
function describe({ issues }: z.ZodError): string[] {
  return issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
}

function toDevHub(
  read: Pick<Variables, 'DEV_HUB_PORT' | 'DEV_HUB_GRPC_PORT' | 'DEV_HUB_SEED' | 'DATA_DIR'>,
): DevHubConfig {
  return {
    port: read.DEV_HUB_PORT,
    grpcPort: read.DEV_HUB_GRPC_PORT,
    dataDir: read.DATA_DIR,
    seedFile: read.DEV_HUB_SEED,
  }
}

function toUsers(read: Pick<Variables, 'DATA_DIR' | 'DATABASE_URL'>): UsersConfig {
  const { DATA_DIR: folder, DATABASE_URL: url } = read
  return url === undefined ? { kind: 'sqlite', folder } : { kind: 'postgres', url }
}

function toHub(read: Variables): HubConfig {
  const { HUB_URL: url, USER_API_KEY: key, USER_API_SECRET: secret } = read
  if (url === undefined || key === undefined || secret === undefined) {
    return { kind: 'dev', ...toDevHub(read) }
  }
  return { kind: 'remote', url, apiKey: { key, secret } }
}

function toLimits(read: Variables): Limits {
  return {
    idleTimeout: read.IDLE_TIMEOUT,
    maxMessageBytes: read.MAX_MESSAGE_BYTES,
    maxSockets: read.MAX_SOCKETS,
    maxSocketsPerIp: read.MAX_SOCKETS_PER_IP,
    loginsPerMinutePerIp: read.LOGINS_PER_MINUTE_PER_IP,
    loginsPerMinutePerKey: read.LOGINS_PER_MINUTE_PER_KEY,
    renewalsPerMinutePerIp: read.RENEWALS_PER_MINUTE_PER_IP,
    renewalsPerMinutePerKey: read.RENEWALS_PER_MINUTE_PER_KEY,
    maxHubCalls: read.MAX_HUB_CALLS,
    maxWaitingLogins: read.MAX_WAITING_LOGINS,
    shutdownTimeout: read.SHUTDOWN_TIMEOUT,
  }
}

function toMetrics(read: Variables): MetricsAddress | undefined {
  const { METRICS_PORT: port, METRICS_HOST: host } = read
  return port === undefined ? undefined : { port, host }
}
