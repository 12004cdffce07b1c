import { isLoopback } from '../http/origins.js'
import type { Environment } from './environment.js'
import { isGrpc } from './values.js'
import { type Variables, variables } from './variables.js'

/** What a Hub elsewhere takes: all of them or none. */
const HUB_VARIABLES = ['HUB_URL', 'USER_API_KEY', 'USER_API_SECRET'] as const

/** Whether the built-in Hub is ruled out. */
export function isProduction({ NODE_ENV }: { readonly NODE_ENV?: string | undefined }): boolean {
  return NODE_ENV === 'production'
}

/**
 * Finds what is wrong with variables together, though each for itself may be valid.
 *
 * @param given - the variables that are set
 * @returns a line for each error
 */
export function findErrors(given: Environment): string[] {
  return [...findMissingForHub(given), ...findMissingForDemo(given), ...findMetricsErrors(given)]
}

/**
 * Finds what the operator should know of, though it stops nothing.
 *
 * @returns a line for each warning
 */
export function findWarnings(read: Variables): string[] {
  return [...findHubWarnings(read), ...findOriginWarnings(read), ...findSimpleAuthWarnings(read)]
}

function findMissingForHub(given: Environment): string[] {
  const present = HUB_VARIABLES.filter((name) => given[name] !== undefined)
  if (present.length === 0 && !isProduction(given)) return []
  const reason =
    present.length === 0
      ? 'with NODE_ENV=production the built-in Hub is not used'
      : `it is needed where ${present.join(' and ')} ${present.length === 1 ? 'is' : 'are'} set`
  const missing = HUB_VARIABLES.filter((name) => given[name] === undefined)
  return missing.map((name) => `${name}: is missing; ${reason}`)
}

/** The demo page needs to know an endpoint that browsers can use. */
function findMissingForDemo({ DEMO, HUB_URL, HUB_PUBLIC_URL }: Environment): string[] {
  if (DEMO !== 'true' || HUB_PUBLIC_URL !== undefined || !isGrpc(HUB_URL)) return []
  return ['HUB_PUBLIC_URL: is missing; with DEMO=true, browsers need a Hub by http or https']
}

/** Metrics have a port of their own, so that they never stand where the public can read them. */
function findMetricsErrors({ PORT, METRICS_PORT, METRICS_HOST }: Environment): string[] {
  if (METRICS_PORT === undefined) {
    return METRICS_HOST ? ['METRICS_PORT: is missing; it is needed where METRICS_HOST is set'] : []
  }
  const { data: port } = variables.shape.PORT.safeParse(PORT)
  // With port 0 both get ports of their own. An invalid port is an error already.
  if (!port || variables.shape.METRICS_PORT.safeParse(METRICS_PORT).data !== port) return []
  return [`METRICS_PORT: must be another port than PORT, which is ${port}`]
}

function findHubWarnings({ HUB_URL }: Variables): string[] {
  if (HUB_URL === undefined) return []
  const { protocol, hostname } = new URL(HUB_URL)
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
