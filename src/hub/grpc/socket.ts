import { isIP, connect as openTcp, type Socket } from 'node:net'
import { connect as openTls } from 'node:tls'

/**
 * How long a connection lies idle before TCP itself asks whether the peer is still there, in ms.
 * HTTP/2's own pings are no way to ask: a hubd hangs up on whoever sends more than a few.
 */
const KEEP_ALIVE_DELAY_MS = 30_000

/**
 * Starts to connect to a Hub's native door. By TLS, the peer has to have a certificate that this
 * machine trusts (`NODE_EXTRA_CA_CERTS` adds to those); whether it agreed to HTTP/2 is for the
 * caller to see, once connected.
 *
 * @param door - `http:` for cleartext, `https:` for TLS
 * @returns a socket that is still connecting, and emits `error` where that fails
 */
export function openGrpcSocket(door: URL): Socket {
  const isEncrypted = door.protocol === 'https:'
  const host = door.hostname.replace(/^\[|\]$/g, '')
  const port = Number(door.port || (isEncrypted ? 443 : 80))
  const name = isIP(host) ? {} : { servername: host }
  const socket = isEncrypted
    ? openTls({ host, port, ALPNProtocols: ['h2'], ...name })
    : openTcp({ host, port })
  return socket.setKeepAlive(true, KEEP_ALIVE_DELAY_MS)
}
