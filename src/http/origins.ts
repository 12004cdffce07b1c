/** Pages of a developer's own machine, on any port: what apps under development run on. */
const LOCAL_PAGE = /^https?:\/\/(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/

/** Names by which a machine calls itself. */
const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i

/** Whose pages may log users in: everyone's, those on this list, or those of this machine. */
export type AllowedOrigins = '*' | 'local' | readonly string[]

/**
 * Tells whether a request's `Origin` is allowed. No origin at all is not a browser, and passes: a
 * browser's user is protected here, not the endpoint.
 */
export function isAllowedOrigin(origin: string | undefined, allowed: AllowedOrigins): boolean {
  if (origin === undefined || allowed === '*') return true
  return allowed === 'local' ? LOCAL_PAGE.test(origin) : allowed.includes(origin)
}

/**
 * Tells whether a request's `Host` is a name of this machine. A server that listens for this
 * machine only takes no other: a page of a stranger's domain that resolves to 127.0.0.1 would
 * else get through to it.
 */
export function isLoopbackHost(host: string | undefined): boolean {
  return host !== undefined && LOOPBACK_HOST.test(host)
}
