import { once } from 'node:events'
import { createServer } from 'node:http'
import { type WebSocket, WebSocketServer } from 'ws'
import { withDeadline } from '../deadline.js'
import { MAX_MESSAGE_BYTES } from '../grpc/frames.js'
import { Status } from '../grpc/status.js'
import { CallError, type Method } from './call.js'
import { listenLocally, type OpenDoor } from './door.js'
import { WebCall } from './web-call.js'

/** How long a caller may take to send its headers, in seconds: servers connect ahead of need. */
const HEADERS_TIMEOUT = 60

/** How long a caller may take to confirm that its socket closes, in ms. */
const CLOSE_TIMEOUT_MS = 1_000

/** The most that a caller may send in one WebSocket message, in bytes. */
const MAX_FRAME_BYTES = MAX_MESSAGE_BYTES + 64

/** Opens the gRPC-web door: a WebSocket for each call. */
export const openWebDoor: OpenDoor = async (port, methods) => {
  const server = createServer((_request, response) => {
    response.writeHead(404, { 'content-type': 'text/plain' })
    response.end('This is the gRPC-web door of a development Hub.\n')
  })
  const sockets = new WebSocketServer({
    server,
    closeTimeout: CLOSE_TIMEOUT_MS,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    handleProtocols: () => 'grpc-websockets',
    verifyClient: ({ req }, decide) => decide(methods.has(req.url ?? ''), 403),
  })
  /** The sockets on which a call has begun. */
  const calls = new Set<WebSocket>()
  // ws repeats the HTTP server's errors, and a repetition that nobody hears ends the process.
  sockets.on('error', () => {})
  sockets.on('connection', (socket, request) => {
    const method = methods.get(request.url ?? '')
    socket.on('error', () => socket.terminate())
    // Callers connect ahead of need: a call begins with its headers.
    socket.once('message', () => calls.add(socket))
    socket.on('close', () => calls.delete(socket))
    if (method) void serve(socket, method)
  })
  return {
    port: await listenLocally(server, port),
    get openCalls() {
      return calls.size
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets.clients) socket.terminate()
      server.closeAllConnections()
      await closed
    },
  }
}

async function serve(socket: WebSocket, method: Method): Promise<void> {
  const call = new WebCall(socket)
  try {
    await withDeadline(HEADERS_TIMEOUT, call.opened, () => noHeaders)
    await method(call)
    call.end({ code: Status.Ok, message: '' })
  } catch (error) {
    // What is no CallError is a fault of this Hub, which development should see.
    if (!(error instanceof CallError)) throw error
    call.end(error.status)
  }
}

const noHeaders = new CallError(Status.DeadlineExceeded, 'the headers did not come in time')
