import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type WebSocket, WebSocketServer } from 'ws'
import { withDeadline } from '../../deadline.js'
import { MAX_MESSAGE_BYTES } from '../../grpc/frames.js'
import { Status } from '../../grpc/status.js'
import { CallError, type Method } from '../call.js'
import { type Endpoint, type EndpointOptions, listenLocally, runMethod } from './endpoint.js'
import { GrpcWebServerCall } from './grpc-web-server-call.js'

/** How long a caller may take to send its headers, in seconds: servers connect ahead of need. */
const HEADERS_TIMEOUT = 60

/** How long a caller may take to confirm that its socket closes, in ms. */
const CLOSE_TIMEOUT_MS = 1_000

/** The most that a caller may send in one WebSocket message, in bytes. */
const MAX_FRAME_BYTES = MAX_MESSAGE_BYTES + 64

/** What the gRPC-web endpoint serves. */
export interface GrpcWebServerOptions extends EndpointOptions {
  /** Answers plain HTTP requests on the same port; unless given, each gets a 404. */
  readonly handleRequest?: RequestListener | undefined
}

/**
 * Starts the gRPC-web endpoint: a WebSocket for each call.
 *
 * @throws the system's error where the port can't be listened on, such as `EADDRINUSE`
 */
export async function startGrpcWebServer(options: GrpcWebServerOptions): Promise<Endpoint> {
  const { methods, handleRequest = answerNotFound } = options
  const server = createServer(handleRequest)
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
    if (method) void serve(socket, method, request.url ?? '', options)
  })
  return {
    port: await listenLocally(server, options.port),
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

async function serve(
  socket: WebSocket,
  method: Method,
  path: string,
  { logError }: EndpointOptions,
): Promise<void> {
  const call = new GrpcWebServerCall(socket)
  const onceOpened: Method = async () => {
    await withDeadline(HEADERS_TIMEOUT, call.opened, () => noHeaders)
    await method(call)
  }
  call.end(await runMethod(onceOpened, call, path, logError))
}

const noHeaders = new CallError(Status.DeadlineExceeded, 'the headers did not come in time')

const answerNotFound: RequestListener = (_request, response) => {
  response.writeHead(404, { 'content-type': 'text/plain' })
  response.end('This is the gRPC-web endpoint of a development Hub.\n')
}
