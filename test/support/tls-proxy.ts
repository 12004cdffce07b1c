import { connect, type Socket } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import { onTestFinished } from 'vitest'
import type { Certificate } from './certificate.js'
import { listen } from './ports.js'

/**
 * Starts what stands before a Hub that speaks no TLS itself; it ends with the test.
 *
 * @param url - an endpoint of the Hub
 * @param protocols - what it offers by ALPN
 * @param onSocket - told of every connection from outside
 * @returns the address of the endpoint with TLS
 */
export async function startTlsProxy(
  url: string,
  { key, cert }: Certificate,
  protocols: string[] = ['h2'],
  onSocket: (socket: TLSSocket) => void = () => {},
): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer({ key, cert, ALPNProtocols: protocols }, (outside) => {
    onSocket(outside)
    const inside = connect(Number(new URL(url).port), '127.0.0.1')
    for (const socket of [outside, inside]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
    outside.pipe(inside).pipe(outside)
  })
  const port = await listen(server)
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return `${new URL(url).protocol.replace(':', 's:')}//localhost:${port}`
}
