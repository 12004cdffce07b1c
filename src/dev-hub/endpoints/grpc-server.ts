import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { Status } from '../../grpc/status.js'
import { CallError, type Method } from '../call.js'
import { type Endpoint, type EndpointOptions, listenLocally, runMethod } from './endpoint.js'
import { closeSoon, GrpcServerCall } from './grpc-server-call.js'

/**
 * Starts the native gRPC endpoint: HTTP/2 without TLS, any number of calls on a connection.
 *
 * @throws the system's error where the port can't be listened on, such as `EADDRINUSE`
 */
export async function startGrpcServer(options: EndpointOptions): Promise<Endpoint> {
  const server = createServer()
  const sockets = new Set<Socket>()
  let openCalls = 0
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('stream', (stream, headers) => {
    openCalls += 1
    stream.on('close', () => {
      openCalls -= 1
    })
    // A caller who resets its call has left; that is no fault of this Hub.
    stream.on('error', () => {})
    void serve(stream, headers, options)
  })
  return {
    port: await listenLocally(server, options.port),
    get openCalls() {
      return openCalls
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      // The sockets, not the sessions: those would say GOAWAY.
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

async function serve(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  { methods, logError }: EndpointOptions,
): Promise<void> {
  if (!/^application\/grpc($|[+;])/.test(headers['content-type'] ?? '')) {
    stream.respond({ ':status': 415 }, { endStream: true })
    closeSoon(stream)
    return
  }
  const path = headers[':path'] ?? ''
  const call = new GrpcServerCall(stream, headers)
  const method: Method = async (toMethod) => findMethod(path, methods)(toMethod)
  call.end(await runMethod(method, call, path, logError))
}

/** @throws CallError where there is no such method, in the words of gRPC's Go library */
function findMethod(path: string, methods: ReadonlyMap<string, Method>): Method {
  const method = methods.get(path)
  if (method) return method
  const [, service, name] = /^\/(.+)\/([^/]*)$/.exec(path) ?? []
  const isService = [...methods.keys()].some((known) => known.startsWith(`/${service}/`))
  const what =
    service === undefined
      ? `malformed method name: "${path}"`
      : isService
        ? `unknown method ${name} for service ${service}`
        : `unknown service ${service}`
  throw new CallError(Status.Unimplemented, what)
}
