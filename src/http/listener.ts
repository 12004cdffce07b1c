import { createServer, type Server, type ServerOptions } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { SecureContextOptions } from 'node:tls'
import Koa from 'koa'
import type { RequestLimits } from './requests.js'

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

/** How long a client may take to let go of a connection that is being closed, in ms. */
export const CLOSE_TIMEOUT_MS = 1_000

/** A certificate and its private key, each the content of a PEM file. */
export interface TlsFiles {
  /** The server's own certificate first, then those up to, but without, a root's. */
  readonly cert: Buffer
  /** Not encrypted. */
  readonly key: Buffer
}

/** How TLS is spoken with a certificate: 1.2 at least, as RFC 8996 demands. */
export function secureContextOf({ cert, key }: TlsFiles): SecureContextOptions {
  return { cert, key, minVersion: 'TLSv1.2' }
}

/** A Koa app whose HTTP server bounds the time of requests and the number of connections. */
export class BoundedKoa extends Koa {
  readonly #limits: RequestLimits

  /**
   * @param limits - which connections are accepted, and which of their requests answered
   * @param tls - what to serve TLS with; it is plain HTTP where missing
   */
  constructor(limits: RequestLimits, tls?: TlsFiles) {
    super()
    this.#limits = limits
    this.listen = (...args: unknown[]) => {
      const server = this.#createServer(tls)
      acceptOnly(server, (socket) => limits.accept(socket))
      server.on('upgrade', (request) => limits.upgradeRequested(request))
      Reflect.apply(server.listen, server, args)
      return server
    }
  }

  #createServer(tls: TlsFiles | undefined): Server {
    const listener = this.#limits.guard(this.callback())
    if (!tls) return createServer(REQUEST_TIMEOUTS, listener)
    const options = { ...secureContextOf(tls), handshakeTimeout: HANDSHAKE_TIMEOUT_MS }
    return createTlsServer({ ...REQUEST_TIMEOUTS, ...options }, listener)
  }
}

/** Has a server take only those connections for which `isAccepted` returns true, TLS or not. */
function acceptOnly(server: Server, isAccepted: (socket: Socket) => boolean): void {
  const listeners = server.listeners('connection')
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    if (!isAccepted(socket)) return
    for (const listener of listeners) Reflect.apply(listener, server, [socket])
  })
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
