import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { DemoOptions } from '../demo/demo.js'
import type { Log } from '../log.js'
import { LOGIN_PATH } from '../protocol.js'
import { CLOSE_TIMEOUT_MS, createApp } from './app.js'
import type { LoginSettings } from './login.js'
import { LoginLog } from './login-log.js'

/** What a login server needs. */
export interface ServerOptions extends LoginSettings {
  /** TCP port; 0 takes a free one. */
  readonly port: number
  /** Address to listen on; every interface where missing. */
  readonly host?: string | undefined
  readonly log: Log
  /** The demo page at `/`; none where missing. */
  readonly demo?: DemoOptions | undefined
}

/** A login server that listens. */
export interface LoginServer {
  /** Address of its WebSocket endpoint, as seen from this machine. */
  readonly url: string
  /** How many logins run now. */
  readonly runningLogins: number
  /** How many WebSockets are open now. */
  readonly openSockets: number
  /** Stops listening, closes every socket, and returns when the last one is gone. */
  close(): Promise<void>
}

/** Close code of RFC 6455 for a peer that goes away. */
const GOING_AWAY = 1001

/**
 * Starts a login server.
 *
 * @throws the system's error where the address can't be listened on, such as `EADDRINUSE`
 */
export async function createServer(options: ServerOptions): Promise<LoginServer> {
  const { port, host, log, demo, ...settings } = options
  const loginLog = new LoginLog(log)
  const app = createApp({ ...settings, loginLog }, log)
  if (demo) {
    // The page's libraries are loaded only where there is a page.
    const { serveDemo } = await import('../demo/demo.js')
    serveDemo(app, demo)
  }
  const server = app.listen({ port, host })
  const sockets = app.ws.server
  if (!sockets) throw new TypeError('koa-websocket made no WebSocket server')
  // ws repeats the HTTP server's errors, and a repetition that nobody hears ends the process.
  sockets.on('error', () => {})
  await once(server, 'listening')

  return {
    url: `ws://${addressOf(server.address())}${LOGIN_PATH}`,
    get runningLogins() {
      return loginLog.running
    },
    get openSockets() {
      return sockets.clients.size
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets.clients) socket.close(GOING_AWAY)
      // Browsers open connections ahead of need, which never count as idle.
      const impatience = setTimeout(() => server.closeAllConnections(), CLOSE_TIMEOUT_MS)
      await closed
      clearTimeout(impatience)
    },
  }
}

/** Host and port by which this machine reaches a listening server. */
function addressOf(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') throw new TypeError('not a TCP server')
  const { address: host, port, family } = address
  if (host === '::' || host === '0.0.0.0') return `localhost:${port}`
  return family === 'IPv6' ? `[${host}]:${port}` : `${host}:${port}`
}
