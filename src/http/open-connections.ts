import type { Server, Socket } from 'node:net'

/**
 * Knows a server's TCP connections from the moment they are accepted. Node.js itself knows those on
 * which HTTP is spoken: of one that is silent instead of shaking hands for TLS, it doesn't.
 */
export class OpenConnections {
  readonly #sockets = new Set<Socket>()

  constructor(server: Server) {
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
  }

  /** Cuts all of them off at once. */
  destroy(): void {
    for (const socket of this.#sockets) socket.destroy()
  }
}
