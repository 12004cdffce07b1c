import { isIP } from 'node:net'

/** Names and addresses by which a machine reaches itself; IPv6 in brackets as in a URL. */
const LOOPBACK = String.raw`(localhost|127(\.\d{1,3}){3}|\[::1\])`

/** Pages of a developer's own machine, on any port: what apps under development run on. */
const LOCAL_PAGE = new RegExp(`^https?://${LOOPBACK}(:\\d+)?$`)

/** A `Host` header that names this machine. */
const LOOPBACK_HOST = new RegExp(`^${LOOPBACK}(:\\d+)?$`, 'i')

/** An address to listen on that only this machine reaches. */
const LOOPBACK_ADDRESS = new RegExp(`^(${LOOPBACK}|::1)$`)

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

/** Whether a host without a port is this machine; IPv6 in brackets as in a URL, or not. */
export function isLoopback(host: string): boolean {
  return LOOPBACK_ADDRESS.test(host)
}

/**
 * Tells whether a request's `Host` is one that a page of a stranger's domain can't have, wherever
 * that domain points to: a name of this machine, an IP address, or a host of an allowed origin.
 * Where every origin is allowed, every host is.
 */
export function isKnownHost(host: string | undefined, allowed: AllowedOrigins): boolean {
  if (allowed === '*' || isLoopbackHost(host)) return true
  if (host === undefined || !URL.canParse(`http://${host}`)) return false
  const { hostname } = new URL(`http://${host}`)
  if (isIP(hostname.replace(/^\[|\]$/g, '')) !== 0) return true
  return allowed !== 'local' && allowed.some((origin) => new URL(origin).hostname === hostname)
}
