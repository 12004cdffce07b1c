/** The package's `./client` for Node.js, whose version 20 has no `WebSocket` of its own. */
import { createRequire } from 'node:module'
import type * as ws from 'ws'
import { checkSettings } from './settings.js'
import { shareLogin } from './share-login.js'
import type { LoginWithChallenge, WebSocketConstructor } from './types.js'

export type { UserAuth } from '../protocol.js'
export { type ClientErrorCode, LoginError, type LoginErrorCode } from './login-error.js'
export type * from './types.js'

/** In milliseconds: what a server gets to answer a close, before the socket is cut off. */
const CLOSE_TIMEOUT = 1_000

const require = createRequire(import.meta.url)

let nodeWebSocket: WebSocketConstructor | undefined

/**
 * The class of sockets in Node.js: that of `ws` where it is installed, else Node.js's own, which
 * version 22 was the first to have. `ws` is not imported: the client alone does not bring it.
 *
 * @returns the class, or `undefined` where there is neither
 */
function findWebSocket(): WebSocketConstructor | undefined {
  nodeWebSocket ??= loadWs() ?? globalThis.WebSocket
  return nodeWebSocket
}

function loadWs(): WebSocketConstructor | undefined {
  let WebSocket: typeof ws.WebSocket
  try {
    WebSocket = require('ws')
  } catch {
    return undefined
  }
  // By default a server that has hung could keep a Node.js process alive for 30 s after a login.
  return class extends WebSocket {
    constructor(url: string) {
      const options: ws.ClientOptions & { closeTimeout: number } = { closeTimeout: CLOSE_TIMEOUT }
      super(url, options)
    }
  }
}

/**
 * Logs a user in to a Hub by way of a login server.
 *
 * @example
 * const logIn = loginWithChallenge(identity, { url: 'wss://login.example/ws/userauth' })
 * const client = Client.withUserAuth(logIn, hubUrl)
 * const buckets = Buckets.withUserAuth(logIn, { host: hubUrl })
 */
export const loginWithChallenge: LoginWithChallenge = (identity, options = {}) =>
  shareLogin(checkSettings(identity, options, findWebSocket()))
