import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/**
 * Stands before what takes a server's upgrades, which must be there already. A request that asks
 * for anything but a WebSocket, such as `h2c`, is answered as if it didn't (RFC 9110, 7.8). Where
 * requests or bytes come before an upgrade is done, the connection ends: what was pipelined would
 * get into the socket, or its answer would. A body is such bytes, whether it has come or not: some
 * versions of Node.js read it as part of the request, others as what follows.
 */
export function filterUpgrades(server: Server): void {
  const unanswered = new WeakMap<Duplex, number>()
  const count = (socket: Duplex, change: number): void => {
    unanswered.set(socket, (unanswered.get(socket) ?? 0) + change)
  }
  server.on('request', ({ socket }, response) => {
    count(socket, 1)
    response.once('close', () => count(socket, -1))
  })
  const listeners = server.listeners('upgrade')
  server.removeAllListeners('upgrade')
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const isFirst = head.length === 0 && (unanswered.get(socket) ?? 0) === 0
    if (!isFirst || announcesBody(request)) socket.destroy()
    else if (request.headers.upgrade?.toLowerCase() !== 'websocket') answer(request, server)
    else for (const listener of listeners) Reflect.apply(listener, server, [request, socket, head])
  })
}

/** Whether a request says that a body follows its headers (RFC 9112, 6.3). */
function announcesBody({ headers }: IncomingMessage): boolean {
  const { 'transfer-encoding': encoding, 'content-length': length = '0' } = headers
  return encoding !== undefined || Number(length) !== 0
}

/** Answers a request like any other, and then ends its connection, which Node.js has let go of. */
function answer(request: IncomingMessage, server: Server): void {
  const { socket } = request
  socket.on('error', () => {})
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket)
  response.once('finish', () => socket.destroySoon())
  server.emit('request', request, response)
}
