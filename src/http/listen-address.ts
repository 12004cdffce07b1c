import type { AddressInfo } from 'node:net'

/**
 * Host and port by which this machine reaches a listening server.
 *
 * @throws TypeError where the address is not one of TCP
 */
export function addressOf(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') throw new TypeError('not a TCP server')
  const { address: host, port, family } = address
  if (host === '::' || host === '0.0.0.0') return `localhost:${port}`
  return family === 'IPv6' ? `[${host}]:${port}` : `${host}:${port}`
}
