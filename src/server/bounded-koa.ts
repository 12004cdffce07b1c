import { createServer, type ServerOptions } from 'node:http'
import Koa from 'koa'

/** How long a client may take for a request's headers, and for the whole request, in ms. */
const REQUEST_TIMEOUTS: ServerOptions = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 5_000,
  // How often Node.js looks whether one is over: every 30 s, unless told otherwise.
  connectionsCheckingInterval: 1_000,
}

/** How many connections there may be beside those of open sockets: requests and upgrades. */
const SPARE_CONNECTIONS = 1_000

/** A Koa app whose HTTP server doesn't wait for ever, nor for everybody. */
export class BoundedKoa extends Koa {
  /** @param maxSockets - how many WebSockets there may be; 0 for any number */
  constructor(maxSockets: number) {
    super()
    this.listen = (...args: unknown[]) => {
      const server = createServer(REQUEST_TIMEOUTS, this.callback())
      if (maxSockets > 0) server.maxConnections = maxSockets + SPARE_CONNECTIONS
      Reflect.apply(server.listen, server, args)
      return server
    }
  }
}
