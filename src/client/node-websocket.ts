import { createRequire } from 'node:module'
import type * as ws from 'ws'
import type { WebSocketConstructor } from './types.js'

/** In milliseconds: what a server gets to answer a close, before the socket is cut off. */
const CLOSE_TIMEOUT = 1_000

/** In bytes: the largest message that is taken. A login server's have about one kilobyte. */
const MAX_MESSAGE_BYTES = 64 * 1024

const require = createRequire(import.meta.url)

let found: WebSocketConstructor | undefined

/**
 * The class of sockets in Node.js: that of `ws` where it is installed, else Node.js's own, which
 * version 22 was the first to have. `ws` is not imported: the client alone does not bring it.
 *
 * @returns the class, or `undefined` where there is neither
 */
export function findWebSocket(): WebSocketConstructor | undefined {
  found ??= loadWs() ?? globalThis.WebSocket
  return found
}

function loadWs(): WebSocketConstructor | undefined {
  let WebSocket: typeof ws.WebSocket
  try {
    WebSocket = require('ws')
  } catch {
    return undefined
  }
  // By default a server that has hung could keep a Node.js process alive for 30 s after a login, and
  // any server could send 100 MiB, or a few bytes that decompress to as many.
  return class extends WebSocket {
    constructor(url: string) {
      const options: ws.ClientOptions & { closeTimeout: number } = {
        closeTimeout: CLOSE_TIMEOUT,
        maxPayload: MAX_MESSAGE_BYTES,
        perMessageDeflate: false,
      }
      super(url, options)
    }
  }
}
