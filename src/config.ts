import { z } from 'zod'
import type { ApiKey } from './hub/api-key.js'
import { decodeMultibase } from './keys/multibase.js'
import { LOG_LEVELS, type LogLevel } from './log.js'

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
  readonly demo: DemoConfig
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

/** Reads a port number; 0 stands for a free one. */
const port = z
  .string()
  .regex(/^\d{1,5}$/, 'must be a port number, 0 to 65535')
  .transform(Number)
  .refine((value) => value <= 65_535, 'must be a port number, 0 to 65535')

/** Reads a time in seconds, above 0 and within bounds. */
function seconds(bounds: { min?: number; max: number }) {
  const range = bounds.min === undefined ? 'above 0, at most' : `from ${bounds.min} to`
  const fault = `must be a time in seconds, ${range} ${bounds.max}`
  return z
    .string()
    .regex(/^\d+(\.\d+)?$/, fault)
    .transform(Number)
    .refine((value) => value > 0 && value >= (bounds.min ?? 0) && value <= bounds.max, fault)
}

/** Reads a text that can go into an HTTP header: any other makes the SDK throw out of reach. */
const headerText = z.string().regex(/^[!-~]+$/, 'must be printable ASCII without spaces')

/** Reads the bytes of the API secret. Faults don't repeat it: it may just be mistyped. */
const apiSecret = headerText.transform((text, context) => {
  const bytes = decodeMultibase(text)
  if (bytes && bytes.length > 0) return bytes
  context.addIssue({ code: 'custom', message: 'must be multibase, just as the Hub showed it' })
  return z.NEVER
})

/** The schemes of a Hub's doors: gRPC-web, the only one for browsers, and native gRPC. */
const WEB_SCHEMES = ['http:', 'https:']
const GRPC_SCHEMES = ['grpc:', 'grpcs:']

/** Reads the address of a Hub, without a slash at its end: method names are appended to it. */
function hubUrl(schemes: readonly string[]) {
  return z.string().transform((text, context) => {
    const fault = findHubUrlFault(text, schemes)
    if (fault === undefined) return text.replace(/\/+$/, '')
    context.addIssue({ code: 'custom', message: fault })
    return z.NEVER
  })
}

/** Every variable, as it is read; README.md and .env.example explain them. */
const variables = z.object({
  NODE_ENV: z.string().optional(),
  PORT: port.default(3001),
  HOST: z.string().optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).default('info'),
  HUB_URL: hubUrl([...WEB_SCHEMES, ...GRPC_SCHEMES]).optional(),
  USER_API_KEY: headerText.optional(),
  USER_API_SECRET: apiSecret.optional(),
  HUB_PUBLIC_URL: hubUrl(WEB_SCHEMES).optional(),
  DEV_HUB_PORT: port.default(3007),
  DEV_HUB_GRPC_PORT: port.default(3006),
  DEMO: z.enum(['true', 'false'], 'must be true or false').optional(),
  HUB_TIMEOUT: seconds({ max: 3_600 }).default(10),
  // The Hub itself waits 60 s for a signature: ours has to be the first to give up.
  CHALLENGE_TIMEOUT: seconds({ max: 55 }).default(30),
  USER_AUTH_TTL: seconds({ min: 5, max: 3_600 }).default(300),
})

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
  const faults = [
    ...(result.error?.issues ?? []).map((issue) => `${issue.path.join('.')}: ${issue.message}`),
    ...findMissing(given),
    ...findMissingForDemo(given),
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
    demo: {
      isServed: read.DEMO ? read.DEMO === 'true' : hub.kind === 'dev',
      hubUrl: read.HUB_PUBLIC_URL ?? (isGrpc(read.HUB_URL) ? undefined : read.HUB_URL),
    },
    warnings: hub.kind === 'remote' ? findHubWarnings(hub.url) : [],
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
  throw new ConfigError(
    result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`),
  )
}

function devHubPorts(
  read: Pick<z.output<typeof variables>, 'DEV_HUB_PORT' | 'DEV_HUB_GRPC_PORT'>,
): DevHubPorts {
  return { port: read.DEV_HUB_PORT, grpcPort: read.DEV_HUB_GRPC_PORT }
}

function readHub(read: z.output<typeof variables>): HubConfig {
  const { HUB_URL: url, USER_API_KEY: key, USER_API_SECRET: secret } = read
  if (url === undefined || key === undefined || secret === undefined) {
    return { kind: 'dev', ...devHubPorts(read) }
  }
  return { kind: 'remote', url, apiKey: { key, secret } }
}

function findMissing(given: Environment): string[] {
  const present = HUB_VARIABLES.filter((name) => given[name] !== undefined)
  if (present.length === 0 && given.NODE_ENV !== 'production') return []
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

function findHubUrlFault(text: string, schemes: readonly string[]): string | undefined {
  if (!URL.canParse(text)) return 'must be a URL, such as https://hub.example.org'
  const { protocol, host, port, pathname, username, password, search, hash } = new URL(text)
  if (!schemes.includes(protocol) || host === '') {
    return `must start with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}, then the host`
  }
  if (username || password) return 'must not hold a user name or password'
  if (search || hash) return 'must end with the host, the port or a path'
  if (isGrpc(text) && !/^\/*$/.test(pathname)) return 'must end with the host or the port'
  if (protocol === 'grpc:' && port === '') return "must name the port, such as hubd's 3006"
  return undefined
}

function findHubWarnings(url: string): string[] {
  const { protocol, hostname } = new URL(url)
  if (protocol === 'https:' || protocol === 'grpcs:' || isLoopback(hostname)) return []
  return [`HUB_URL: calls to ${hostname} are not encrypted; tokens can be read on their way`]
}

/** Whether an address is that of a native door. */
function isGrpc(url: string | undefined): boolean {
  return GRPC_SCHEMES.some((scheme) => url?.startsWith(`${scheme}//`))
}

/** Whether a URL's host is this machine by its name. */
function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}
