import { isIP, connect as openTcp, type Socket } from 'node:net'
import { connect as openTls } from 'node:tls'

/**
 * How long a connection lies idle before TCP itself asks whether the peer is still there, in ms.
 * HTTP/2's own pings are no way to ask: a hubd hangs up on whoever sends more than a few.
 */
const KEEP_ALIVE_DELAY_MS = 30_000

/**
 * Starts to connect to a Hub's native door. By TLS, the peer has to have a certificate that this
 * machine trusts (`NODE_EXTRA_CA_CERTS` adds to those), and has to agree to HTTP/2.
 *
 * @param door - `http:` for cleartext, `https:` for TLS
 * @returns a socket that is still connecting, and emits `error` where that fails
 */
export function openGrpcSocket(door: URL): Socket {
  const isEncrypted = door.protocol === 'https:'
  const host = door.hostname.replace(/^\[|\]$/g, '')
  const port = Number(door.port || (isEncrypted ? 443 : 80))
  const socket = isEncrypted ? openHttp2Tls(host, port) : openTcp({ host, port })
  return socket.setKeepAlive(true, KEEP_ALIVE_DELAY_MS)
}

function openHttp2Tls(host: string, port: number): Socket {
  const name = isIP(host) ? {} : { servername: host }
  const socket = openTls({ host, port, ALPNProtocols: ['h2'], ...name })
  return socket.once('secureConnect', () => {
    if (socket.alpnProtocol !== 'h2') socket.destroy(new Error('the peer speaks no HTTP/2'))
  })
}
