import { z } from 'zod'
import { TrustedProxies } from '../http/client-address.js'
import { decodeMultibase } from '../keys/multibase.js'

/** What a value looks like, for the documents: "a port number, 0 to 65535". */
export const formats = z.registry<{ readonly format: string }>()

/** What the documents say about a variable, beside its name, its format and its default. */
export interface VariableDocs {
  /** What it does, in whole sentences of Markdown. */
  readonly description: string
  /** What holds where it is not set and has no fixed default. */
  readonly unset?: string
  /** A value that it can have; the default where missing. */
  readonly example?: string
}

/** What the documents say about each variable; what a value looks like is in `formats`. */
export const docs = z.registry<VariableDocs>()

/** Schemes of the addresses of a Hub's gRPC-web endpoint, the only one that browsers can use. */
export const WEB_SCHEMES = ['http:', 'https:']

/** Schemes of the addresses of a Hub's native gRPC endpoint. */
export const GRPC_SCHEMES = ['grpc:', 'grpcs:']

/** Reads any text; what it should be is for the documents only. */
export function text(format: string) {
  return z.string().register(formats, { format })
}

/** Reads one of some words. */
export function oneOf<const Word extends string>(words: readonly Word[]) {
  const format = `one of ${words.join(', ')}`
  return z.enum(words, mustBe(format)).register(formats, { format })
}

/** Reads a switch. */
export const trueOrFalse = z
  .enum(['true', 'false'], mustBe('true or false'))
  .transform((value) => value === 'true')
  .register(formats, { format: 'true or false' })

/** Reads a port number; 0 stands for a free one. */
export const port = wholeNumber('a port number, 0 to 65535', { max: 65_535 })

/** Reads a time in seconds, within bounds; any above 0 where there is no lower one. */
export function seconds({ min, max }: { readonly min?: number; readonly max: number }) {
  const range = min === undefined ? `above 0, at most ${max}` : `from ${min} to ${max}`
  const format = `a time in seconds, ${range}`
  return z
    .string()
    .regex(/^\d+(\.\d+)?$/, mustBe(format))
    .transform(Number)
    .refine((value) => value > 0 && value >= (min ?? 0) && value <= max, mustBe(format))
    .register(formats, { format })
}

/** Reads a time in whole seconds, up to a bound; 0 stands for never. */
export function secondsOrNever(max: number) {
  return wholeNumber(`a whole number of seconds, 0 to ${max}`, { max })
}

/**
 * Reads a limit on a number of things. 0 lifts the limit, and is read as `Infinity`: whoever
 * compares with a limit needs no exception.
 */
export const limit = wholeNumber('a whole number; 0 lifts the limit', { max: 999_999_999 })
  .transform((value) => (value === 0 ? Number.POSITIVE_INFINITY : value))
  .register(formats, { format: 'a whole number; 0 lifts the limit' })

/** Reads a number of bytes, at least as many as the protocol's largest message has. */
export const messageBytes = wholeNumber('a number of bytes, at least 1024', {
  min: 1_024,
  max: 999_999_999,
})

/** Reads a text that can go into an HTTP header: any other makes the SDK throw out of reach. */
export const headerText = z
  .string()
  .regex(/^[!-~]+$/, mustBe('printable ASCII without spaces'))
  .register(formats, { format: 'text, as the Hub showed it' })

/** Reads the bytes of the API secret. Errors don't repeat it: it may just be mistyped. */
export const apiSecret = headerText
  .transform((value, context) => {
    const bytes = decodeMultibase(value)
    if (bytes && bytes.length > 0) return bytes
    return refuse(context, 'must be multibase, just as the Hub showed it')
  })
  .register(formats, { format: 'text, as the Hub showed it' })

/** Reads the address of a Hub, without a slash at its end: method names are appended to it. */
export function hubUrl(schemes: readonly string[]) {
  return z
    .string()
    .transform((value, context) => {
      const error = findHubUrlError(value, schemes)
      return error === undefined ? value.replace(/\/+$/, '') : refuse(context, error)
    })
    .register(formats, { format: urlFormat(schemes) })
}

/** Whether an address is that of a native gRPC endpoint. */
export function isGrpc(url: string | undefined): boolean {
  return url !== undefined && URL.canParse(url) && GRPC_SCHEMES.includes(new URL(url).protocol)
}

/** Reads the address of a PostgreSQL database. Errors don't repeat it: it may hold a password. */
export const databaseUrl = secretUrl(
  ['postgres:', 'postgresql:'],
  'must be a URL, such as postgres://user:password@db.example.org/users',
)

/** Reads the address of a Redis. Errors don't repeat it: it may hold a password. */
export const redisUrl = secretUrl(
  ['redis:', 'rediss:'],
  'must be a URL, such as redis://:password@redis.example.org',
)

/** Reads the address of a webhook. Errors don't repeat it: what follows its host may be secret. */
export const webhookUrl = secretUrl(
  WEB_SCHEMES,
  'must be a URL without user name or password, such as https://app.example.org/authorize',
  ({ username, password }) => username === '' && password === '',
)

/** Reads a list with commas of origins, or a lone `*` for all. */
export const origins = z
  .string()
  .transform((value, context) => {
    const list = splitList(value)
    if (list.length === 1 && list[0] === '*') return '*'
    const wrong = list.find((entry) => !URL.canParse(entry) || new URL(entry).origin !== entry)
    if (wrong === undefined) return list
    const example = 'https://app.example.org'
    return refuse(context, `must list origins such as ${example}, or be *; ${wrong} is none`)
  })
  .register(formats, { format: 'origins with commas between, or `*`' })

/** Reads a list with commas of addresses, or ranges in CIDR notation. */
export const addressRanges = z
  .string()
  .transform((value, context) => {
    const list = splitList(value)
    try {
      new TrustedProxies(list)
      return list
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      return refuse(context, `must list addresses or ranges such as 10.0.0.0/8; ${error.message}`)
    }
  })
  .register(formats, { format: 'addresses or ranges (CIDR) with commas between' })

function wholeNumber(format: string, { min = 0, max }: { min?: number; max: number }) {
  return z
    .string()
    .regex(/^\d{1,9}$/, mustBe(format))
    .transform(Number)
    .refine((value) => value >= min && value <= max, mustBe(format))
    .register(formats, { format })
}

function secretUrl(
  schemes: readonly string[],
  error: string,
  isUsable: (url: URL) => boolean = () => true,
) {
  return z
    .string()
    .refine((value) => {
      if (!URL.canParse(value)) return false
      const url = new URL(value)
      return schemes.includes(url.protocol) && isUsable(url)
    }, error)
    .register(formats, { format: urlFormat(schemes) })
}

function mustBe(format: string): string {
  return `must be ${format}`
}

function urlFormat(schemes: readonly string[]): string {
  const names = schemes.map((scheme) => scheme.slice(0, -1))
  return `a URL with ${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
}

/** Adds an error to those that reading has found. */
function refuse(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message })
  return z.NEVER
}

function splitList(list: string): string[] {
  return list.split(',').map((entry) => entry.trim())
}

function findHubUrlError(value: string, schemes: readonly string[]): string | undefined {
  if (!URL.canParse(value)) return 'must be a URL, such as https://hub.example.org'
  const { protocol, host, port, pathname, username, password, search, hash } = new URL(value)
  if (!schemes.includes(protocol) || host === '') {
    return `must start with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}, then the host`
  }
  if (username || password) return 'must not hold a user name or password'
  if (search || hash) return 'must end with the host, the port or a path'
  if (isGrpc(value) && !/^\/*$/.test(pathname)) return 'must end with the host or the port'
  if (protocol === 'grpc:' && port === '') return "must name the port, such as hubd's 3006"
  return undefined
}
