import { createServer, type Server, type ServerOptions } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
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
const SPARE_CONNECTIONS = 1_000

/** A Koa app whose HTTP server doesn't wait for ever, nor for everybody. */
export class BoundedKoa extends Koa {
  /**
   * @param maxSockets - how many WebSockets there may be; `Infinity` for any number
   * @param tls - what to serve TLS with; it is plain HTTP where missing
   */
  constructor(maxSockets: number, tls?: TlsFiles) {
    super()
    this.listen = (...args: unknown[]) => {
      const server = this.#createServer(tls)
      server.maxConnections = maxSockets + SPARE_CONNECTIONS
      Reflect.apply(server.listen, server, args)
      return server
    }
  }

  #createServer(tls: TlsFiles | undefined): Server {
    if (!tls) return createServer(REQUEST_TIMEOUTS, this.callback())
    const options = { ...secureContextOf(tls), handshakeTimeout: HANDSHAKE_TIMEOUT_MS }
    return createTlsServer({ ...REQUEST_TIMEOUTS, ...options }, this.callback())
  }
}
