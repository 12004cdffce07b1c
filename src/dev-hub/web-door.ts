import { once } from 'node:events'
import { createServer } from 'node:http'
import { type WebSocket, WebSocketServer } from 'ws'
import { withDeadline } from '../deadline.js'
import { MAX_MESSAGE_BYTES } from '../grpc/frames.js'
import { Status } from '../grpc/status.js'
import { CallError, type Method } from './call.js'
import { WebCall } from './web-call.js'

/** How long a caller may take to send its headers, in seconds. */
const HEADERS_TIMEOUT = 10

/** How long a caller may take to confirm that its socket closes, in ms. */
const CLOSE_TIMEOUT_MS = 1_000

/** The most that a caller may send in one WebSocket message, in bytes. */
const MAX_FRAME_BYTES = MAX_MESSAGE_BYTES + 64

/** Where calls come in by gRPC-web over WebSocket, one socket for each. */
export interface WebDoor {
  /** The port that it listens on, at 127.0.0.1. */
  readonly port: number
  /** How many callers are connected now. */
  readonly openCalls: number
  /** Cuts every call off without a word, as hubd does when it is stopped. */
  close(): Promise<void>
}

/**
 * Opens the door at 127.0.0.1.
 *
 * @param port - TCP port; 0 takes a free one
 * @throws the system's error where the port can't be listened on, such as `EADDRINUSE`
 */
export async function openWebDoor(
  port: number,
  methods: ReadonlyMap<string, Method>,
): Promise<WebDoor> {
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
  // ws repeats the HTTP server's errors, and a repetition that nobody hears ends the process.
  sockets.on('error', () => {})
  sockets.on('connection', (socket, request) => {
    const method = methods.get(request.url ?? '')
    socket.on('error', () => socket.terminate())
    if (method) void serve(socket, method)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: address !== null && typeof address === 'object' ? address.port : port,
    get openCalls() {
      return sockets.clients.size
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
