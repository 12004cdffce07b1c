import { z } from 'zod'
import type { TlsFiles } from '../http/listener.js'
import { type AllowedOrigins, isLoopback } from '../http/origins.js'
import type { ApiKey } from '../keys/api-signature.js'
import { DEFAULT_LIMITS, type Limits } from '../limits/limits.js'
import { LOG_LEVELS, type LogLevel } from '../log.js'
import type { MetricsAddress } from '../metrics/metrics.js'
import { readTlsConfig } from './tls.js'
import {
  addressRanges,
  apiSecret,
  count,
  databaseUrl,
  GRPC_SCHEMES,
  headerText,
  hubUrl,
  isGrpc,
  messageBytes,
  origins,
  port,
  redisUrl,
  renewalTtl,
  seconds,
  trueOrFalse,
  WEB_SCHEMES,
  webhookUrl,
} from './variables.js'

/** Environment variables by name, from the process and from `.env`. */
export type Environment = Readonly<Record<string, string | undefined>>

/** The Hub that the server uses: one that runs elsewhere, or the built-in one. */
export type HubConfig =
  | { readonly kind: 'remote'; readonly url: string; readonly apiKey: ApiKey }
  | ({ readonly kind: 'dev' } & DevHubPorts)

/** TCP ports of the built-in Hub; 0 takes a free one. */
export interface DevHubPorts {
  /** Of its gRPC-web door. */
  readonly port: number
  /** Of its native gRPC door. */
  readonly grpcPort: number
}

/** Whether the demo page is served, and where browsers reach the Hub. */
export interface DemoConfig {
  readonly isServed: boolean
  /** The Hub's gRPC-web door; missing where it is the built-in Hub's, or no page is served. */
  readonly hubUrl: string | undefined
}

/** Where the users are kept. */
export type UsersConfig =
  | { readonly kind: 'sqlite'; readonly folder: string }
  /** `url` may hold a password: it must not be shown. */
  | { readonly kind: 'postgres'; readonly url: string }

/** What the server is told by its operator. Times are in seconds. */
export interface Config {
  /** TCP port to listen on; 0 takes a free one. */
  readonly port: number
  /** Address to listen on; every interface where missing. */
  readonly host: string | undefined
  readonly logLevel: LogLevel
  readonly hub: HubConfig
  readonly hubTimeout: number
  readonly challengeTimeout: number
  readonly userAuthTtl: number
  /** How long after a login its API signature may be renewed; 0 for not at all. */
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

/** Thrown where the environment makes no configuration. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  /** Every fault, one line each: the variable's name, a colon, what is wrong. */
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(faults.join('\n'))
    this.faults = faults
  }
}

/** The TCP port that the server listens on unless told otherwise. */
const DEFAULT_PORT = 3001

/** Every variable, as it is read; README.md and .env.example explain them. */
const variables = z.object({
  NODE_ENV: z.string().optional(),
  PORT: port.default(DEFAULT_PORT),
  HOST: z.string().optional(),
  TLS_CERT: z.string().optional(),
  TLS_KEY: z.string().optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).default('info'),
  HUB_URL: hubUrl([...WEB_SCHEMES, ...GRPC_SCHEMES]).optional(),
  USER_API_KEY: headerText.optional(),
  USER_API_SECRET: apiSecret.optional(),
  HUB_PUBLIC_URL: hubUrl(WEB_SCHEMES).optional(),
  DEV_HUB_PORT: port.default(3007),
  DEV_HUB_GRPC_PORT: port.default(3006),
  DEMO: trueOrFalse.optional(),
  SIMPLE_AUTH: trueOrFalse.optional(),
  HUB_TIMEOUT: seconds({ max: 3_600 }).default(10),
  // The Hub itself waits 60 s for a signature: ours has to be the first to give up.
  CHALLENGE_TIMEOUT: seconds({ max: 55 }).default(30),
  USER_AUTH_TTL: seconds({ min: 5, max: 3_600 }).default(300),
  RENEWAL_TTL: renewalTtl.default(43_200),
  DATA_DIR: z.string().default('./data'),
  DATABASE_URL: databaseUrl.optional(),
  AUTHORIZE_URL: webhookUrl.optional(),
  REDIS_URL: redisUrl.optional(),
  ALLOWED_ORIGINS: origins.optional(),
  TRUSTED_PROXIES: addressRanges.default([]),
  IDLE_TIMEOUT: seconds({ max: 3_600 }).default(DEFAULT_LIMITS.idleTimeout),
  MAX_MESSAGE_BYTES: messageBytes.default(DEFAULT_LIMITS.maxMessageBytes),
  MAX_SOCKETS: count.default(DEFAULT_LIMITS.maxSockets),
  MAX_SOCKETS_PER_IP: count.default(DEFAULT_LIMITS.maxSocketsPerIp),
  LOGINS_PER_MINUTE_PER_IP: count.default(DEFAULT_LIMITS.loginsPerMinutePerIp),
  LOGINS_PER_MINUTE_PER_KEY: count.default(DEFAULT_LIMITS.loginsPerMinutePerKey),
  RENEWALS_PER_MINUTE_PER_IP: count.default(DEFAULT_LIMITS.renewalsPerMinutePerIp),
  RENEWALS_PER_MINUTE_PER_KEY: count.default(DEFAULT_LIMITS.renewalsPerMinutePerKey),
  MAX_HUB_CALLS: count.default(DEFAULT_LIMITS.maxHubCalls),
  MAX_WAITING_LOGINS: count.default(DEFAULT_LIMITS.maxWaitingLogins),
  SHUTDOWN_TIMEOUT: seconds({ max: 3_600 }).default(DEFAULT_LIMITS.shutdownTimeout),
  METRICS_PORT: port.optional(),
  METRICS_HOST: z.string().default('127.0.0.1'),
})

type Variables = z.output<typeof variables>

/** The names of all variables that the configuration is read from. */
export const VARIABLES: readonly string[] = Object.keys(variables.shape)

/** What a Hub elsewhere takes: all of them or none. */
const HUB_VARIABLES = ['HUB_URL', 'USER_API_KEY', 'USER_API_SECRET'] as const

/**
 * Reads the configuration. A variable that is set to nothing is taken as not set.
 *
 * @throws ConfigError with every fault that the environment has
 */
export function readConfig(environment: Environment): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value))
  const result = variables.safeParse(given)
  const tls = readTlsConfig(given.TLS_CERT, given.TLS_KEY)
  const faults = [
    ...(result.error ? describe(result.error) : []),
    ...findMissing(given),
    ...findMissingForDemo(given),
    ...findMetricsFaults(given),
    ...tls.faults,
  ]
  if (!result.success || faults.length > 0) throw new ConfigError(faults)

  const read = result.data
  const hub = readHub(read)
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
    users: readUsers(read),
    authorizeUrl: read.AUTHORIZE_URL,
    limits: readLimits(read),
    redisUrl: read.REDIS_URL,
    metrics: readMetrics(read),
    tls: tls.files,
    simpleAuth: read.SIMPLE_AUTH === true,
    allowedOrigins: read.ALLOWED_ORIGINS ?? (isProduction(read) ? [] : 'local'),
    trustedProxies: read.TRUSTED_PROXIES,
    warnings: [
      ...(hub.kind === 'remote' ? findHubWarnings(hub.url) : []),
      ...findOriginWarnings(read),
      ...tls.warnings,
      ...findSimpleAuthWarnings(read),
    ],
  }
}

/**
 * Reads the ports of the built-in Hub, for those who run it alone.
 *
 * @throws ConfigError where `DEV_HUB_PORT` or `DEV_HUB_GRPC_PORT` is no port
 */
export function readDevHubPorts(environment: Environment): DevHubPorts {
  const result = variables.pick({ DEV_HUB_PORT: true, DEV_HUB_GRPC_PORT: true }).safeParse({
    DEV_HUB_PORT: environment.DEV_HUB_PORT || undefined,
    DEV_HUB_GRPC_PORT: environment.DEV_HUB_GRPC_PORT || undefined,
  })
  if (result.success) return devHubPorts(result.data)
  throw new ConfigError(describe(result.error))
}

/** Puts each fault that was found in reading into a line. */
function describe({ issues }: z.ZodError): string[] {
  return issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
}

function devHubPorts(read: Pick<Variables, 'DEV_HUB_PORT' | 'DEV_HUB_GRPC_PORT'>): DevHubPorts {
  return { port: read.DEV_HUB_PORT, grpcPort: read.DEV_HUB_GRPC_PORT }
}

/**
 * Reads where the users are kept, for those who need nothing else.
 *
 * @throws ConfigError where `DATABASE_URL` is none
 */
export function readUsersConfig(environment: Environment): UsersConfig {
  const result = variables.pick({ DATA_DIR: true, DATABASE_URL: true }).safeParse({
    DATA_DIR: environment.DATA_DIR || undefined,
    DATABASE_URL: environment.DATABASE_URL || undefined,
  })
  if (result.success) return readUsers(result.data)
  throw new ConfigError(
    result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`),
  )
}

function readUsers(read: Pick<Variables, 'DATA_DIR' | 'DATABASE_URL'>): UsersConfig {
  const { DATA_DIR: folder, DATABASE_URL: url } = read
  return url === undefined ? { kind: 'sqlite', folder } : { kind: 'postgres', url }
}

function readHub(read: Variables): HubConfig {
  const { HUB_URL: url, USER_API_KEY: key, USER_API_SECRET: secret } = read
  if (url === undefined || key === undefined || secret === undefined) {
    return { kind: 'dev', ...devHubPorts(read) }
  }
  return { kind: 'remote', url, apiKey: { key, secret } }
}

function readLimits(read: Variables): Limits {
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

function readMetrics(read: Variables): MetricsAddress | undefined {
  const { METRICS_PORT: port, METRICS_HOST: host } = read
  return port === undefined ? undefined : { port, host }
}

function isProduction({ NODE_ENV }: { readonly NODE_ENV?: string | undefined }): boolean {
  return NODE_ENV === 'production'
}

function findMissing(given: Environment): string[] {
  const present = HUB_VARIABLES.filter((name) => given[name] !== undefined)
  if (present.length === 0 && !isProduction(given)) return []
  const reason =
    present.length === 0
      ? 'with NODE_ENV=production the built-in Hub is not used'
      : `it is needed where ${present.join(' and ')} ${present.length === 1 ? 'is' : 'are'} set`
  const missing = HUB_VARIABLES.filter((name) => given[name] === undefined)
  return missing.map((name) => `${name}: is missing; ${reason}`)
}

/** The demo page needs to know a door that browsers can use. */
function findMissingForDemo({ DEMO, HUB_URL, HUB_PUBLIC_URL }: Environment): string[] {
  if (DEMO !== 'true' || HUB_PUBLIC_URL !== undefined || !isGrpc(HUB_URL)) return []
  return ['HUB_PUBLIC_URL: is missing; with DEMO=true, browsers need a Hub by http or https']
}

/** Metrics have a port of their own, so that they never stand where the public can read them. */
function findMetricsFaults({ PORT, METRICS_PORT, METRICS_HOST }: Environment): string[] {
  if (METRICS_PORT === undefined) {
    return METRICS_HOST ? ['METRICS_PORT: is missing; it is needed where METRICS_HOST is set'] : []
  }
  const publicPort = Number(PORT ?? DEFAULT_PORT)
  const isSame = publicPort !== 0 && Number(METRICS_PORT) === publicPort
  return isSame ? [`METRICS_PORT: must be another port than PORT, which is ${publicPort}`] : []
}

function findHubWarnings(url: string): string[] {
  const { protocol, hostname } = new URL(url)
  if (protocol === 'https:' || protocol === 'grpcs:' || isLoopback(hostname)) return []
  return [`HUB_URL: calls to ${hostname} are not encrypted; tokens can be read on their way`]
}

function findOriginWarnings(read: Variables): string[] {
  if (read.ALLOWED_ORIGINS === '*') {
    return ['ALLOWED_ORIGINS: with * any web page may have its visitors log in here']
  }
  if (read.ALLOWED_ORIGINS || !isProduction(read)) return []
  return ['ALLOWED_ORIGINS: is not set, so every browser is refused; list the origins of your apps']
}

function findSimpleAuthWarnings({ SIMPLE_AUTH }: Variables): string[] {
  if (!SIMPLE_AUTH) return []
  return [
    "SIMPLE_AUTH: whoever can reach GET /api/userauth gets credentials of the server's key there, without proof of an identity; it is for apps that migrate",
  ]
}
