import type { WebSocket } from 'ws'
import type { CloseCode } from '../login/close-code.js'
import type { AppSocket } from '../login/session.js'

/** How much an app may leave unread before its socket is cut off, in bytes. */
const MAX_UNREAD_BYTES = 64 * 1024

/** A WebSocket of koa-websocket's, as a session needs it. */
export class KoaSocket implements AppSocket {
  readonly address: string
  readonly origin: string | undefined
  readonly #socket: WebSocket

  constructor(socket: WebSocket, address: string, origin: string | undefined) {
    this.#socket = socket
    this.address = address
    this.origin = origin
  }

  send(text: string): void {
    this.#socket.send(text)
    // An app that asks on and on without reading would have us keep all the answers.
    if (this.#socket.bufferedAmount > MAX_UNREAD_BYTES) this.#socket.terminate()
  }

  close(code: CloseCode): void {
    this.#socket.close(code)
  }
}
