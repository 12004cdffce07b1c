import { z } from 'zod'
import { TrustedProxies } from '../http/client-address.js'
import { decodeMultibase } from '../keys/multibase.js'

/** Reads a port number; 0 stands for a free one. */
export const port = z
  .string()
  .regex(/^\d{1,5}$/, 'must be a port number, 0 to 65535')
  .transform(Number)
  .refine((value) => value <= 65_535, 'must be a port number, 0 to 65535')

/** Reads a time in seconds, above 0 and within bounds. */
export function seconds(bounds: { min?: number; max: number }) {
  const range = bounds.min === undefined ? 'above 0, at most' : `from ${bounds.min} to`
  const fault = `must be a time in seconds, ${range} ${bounds.max}`
  return z
    .string()
    .regex(/^\d+(\.\d+)?$/, fault)
    .transform(Number)
    .refine((value) => value > 0 && value >= (bounds.min ?? 0) && value <= bounds.max, fault)
}

/** The longest time that may be renewed for, in seconds: thirty days. */
const MAX_RENEWAL_TTL = 2_592_000

/** Reads for how long may be renewed, in whole seconds; 0 stands for not at all. */
export const renewalTtl = z
  .string()
  .regex(/^\d{1,7}$/, `must be a whole number of seconds, 0 to ${MAX_RENEWAL_TTL}`)
  .transform(Number)
  .refine(
    (value) => value <= MAX_RENEWAL_TTL,
    `must be a whole number of seconds, 0 to ${MAX_RENEWAL_TTL}`,
  )

/** Reads a switch. */
export const trueOrFalse = z
  .enum(['true', 'false'], 'must be true or false')
  .transform((text) => text === 'true')

/** Reads a text that can go into an HTTP header: any other makes the SDK throw out of reach. */
export const headerText = z.string().regex(/^[!-~]+$/, 'must be printable ASCII without spaces')

/** Reads the bytes of the API secret. Faults don't repeat it: it may just be mistyped. */
export const apiSecret = headerText.transform((text, context) => {
  const bytes = decodeMultibase(text)
  if (bytes && bytes.length > 0) return bytes
  context.addIssue({ code: 'custom', message: 'must be multibase, just as the Hub showed it' })
  return z.NEVER
})

/** The schemes of a Hub's doors: gRPC-web, the only one for browsers, and native gRPC. */
export const WEB_SCHEMES = ['http:', 'https:']
export const GRPC_SCHEMES = ['grpc:', 'grpcs:']

/** Reads the address of a Hub, without a slash at its end: method names are appended to it. */
export function hubUrl(schemes: readonly string[]) {
  return z.string().transform((text, context) => {
    const fault = findHubUrlFault(text, schemes)
    if (fault === undefined) return text.replace(/\/+$/, '')
    context.addIssue({ code: 'custom', message: fault })
    return z.NEVER
  })
}

/** Whether an address is that of a native gRPC door. */
export function isGrpc(url: string | undefined): boolean {
  return url !== undefined && URL.canParse(url) && GRPC_SCHEMES.includes(new URL(url).protocol)
}

/** Reads the address of a PostgreSQL database. Faults don't repeat it: it may hold a password. */
export const databaseUrl = z.string().refine((text) => {
  return URL.canParse(text) && ['postgres:', 'postgresql:'].includes(new URL(text).protocol)
}, 'must be a URL, such as postgres://user:password@db.example.org/users')

/** Reads the address of a Redis. Faults don't repeat it: it may hold a password. */
export const redisUrl = z.string().refine((text) => {
  return URL.canParse(text) && ['redis:', 'rediss:'].includes(new URL(text).protocol)
}, 'must be a URL, such as redis://:password@redis.example.org')

/** Reads the address of a webhook. Faults don't repeat it: what follows its host may be secret. */
export const webhookUrl = z.string().refine((text) => {
  if (!URL.canParse(text)) return false
  const { protocol, username, password } = new URL(text)
  return WEB_SCHEMES.includes(protocol) && username === '' && password === ''
}, 'must be a URL without user name or password, such as https://app.example.org/authorize')

/** Reads a limit on a number of things; 0 lifts it, and is read as Infinity. */
export const count = z
  .string()
  .regex(/^\d{1,9}$/, 'must be a whole number; 0 lifts the limit')
  .transform((text) => Number(text) || Number.POSITIVE_INFINITY)

/** Reads a number of bytes, at least as many as the protocol's largest message has. */
export const messageBytes = z
  .string()
  .regex(/^\d{1,9}$/, 'must be a number of bytes, at least 1024')
  .transform(Number)
  .refine((value) => value >= 1_024, 'must be a number of bytes, at least 1024')

/** Reads a list with commas of origins, or a lone `*` for all. */
export const origins = z.string().transform((text, context) => {
  const list = splitList(text)
  if (list.length === 1 && list[0] === '*') return '*'
  const wrong = list.find((entry) => !URL.canParse(entry) || new URL(entry).origin !== entry)
  if (wrong === undefined) return list
  const message = `must list origins such as https://app.example.org, or be *; ${wrong} is none`
  context.addIssue({ code: 'custom', message })
  return z.NEVER
})

/** Reads a list with commas of addresses, or ranges in CIDR notation. */
export const addressRanges = z.string().transform((text, context) => {
  const list = splitList(text)
  try {
    new TrustedProxies(list)
    return list
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    const message = `must list addresses or ranges such as 10.0.0.0/8; ${error.message}`
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  }
})

function splitList(text: string): string[] {
  return text.split(',').map((entry) => entry.trim())
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
