import { createServer, type Server, type ServerOptions } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import Koa from 'koa'
import { secureContextOf, type TlsFiles } from './tls.js'

/** How long a client may take for a request's headers, and for the whole request, in ms. */
const REQUEST_TIMEOUTS: ServerOptions = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 5_000,
  // How often Node.js looks whether one is over: every 30 s, unless told otherwise.
  connectionsCheckingInterval: 1_000,
}

/** How long a client may take for the TLS handshake, in ms: Node.js would wait two minutes. */
const HANDSHAKE_TIMEOUT_MS = 10_000

/** How many connections there may be beside those of open sockets: requests and upgrades. */
const REQUEST_CONNECTIONS = 1_000

/** How long a client may take to let go of a connection that is being closed, in ms. */
export const CLOSE_TIMEOUT_MS = 1_000

/** A Koa app whose HTTP server bounds the time of requests and the number of connections. */
export class BoundedKoa extends Koa {
  /**
   * The TCP connections, from the moment they are accepted. Node.js itself knows those on which
   * HTTP is spoken, but not one that is silent instead of shaking hands for TLS.
   */
  readonly #connections = new Set<Socket>()

  /**
   * @param maxSockets - how many WebSockets there may be; `Infinity` for any number
   * @param tls - what to serve TLS with; it is plain HTTP where missing
   */
  constructor(maxSockets: number, tls?: TlsFiles) {
    super()
    this.listen = (...args: unknown[]) => {
      const server = this.#createServer(tls)
      server.maxConnections = maxSockets + REQUEST_CONNECTIONS
      server.on('connection', (socket: Socket) => {
        this.#connections.add(socket)
        socket.once('close', () => this.#connections.delete(socket))
      })
      Reflect.apply(server.listen, server, args)
      return server
    }
  }

  /** Cuts all connections off at once. */
  destroyConnections(): void {
    for (const socket of this.#connections) socket.destroy()
  }

  #createServer(tls: TlsFiles | undefined): Server {
    if (!tls) return createServer(REQUEST_TIMEOUTS, this.callback())
    const options = { ...secureContextOf(tls), handshakeTimeout: HANDSHAKE_TIMEOUT_MS }
    return createTlsServer({ ...REQUEST_TIMEOUTS, ...options }, this.callback())
  }
}

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
