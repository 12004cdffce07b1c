import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { Status } from '../grpc/status.js'
import { CallError, type Method } from './call.js'
import { listenLocally, type OpenDoor } from './door.js'
import { closeSoon, GrpcCall } from './grpc-call.js'

/** Opens the native gRPC door: HTTP/2 without TLS, any number of calls on a connection. */
export const openGrpcDoor: OpenDoor = async (port, methods) => {
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
    void serve(stream, headers, methods)
  })
  return {
    port: await listenLocally(server, port),
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
  methods: ReadonlyMap<string, Method>,
): Promise<void> {
  if (!/^application\/grpc($|[+;])/.test(headers['content-type'] ?? '')) {
    stream.respond({ ':status': 415 }, { endStream: true })
    closeSoon(stream)
    return
  }
  const call = new GrpcCall(stream, headers)
  try {
    await findMethod(headers[':path'] ?? '', methods)(call)
    call.end({ code: Status.Ok, message: '' })
  } catch (error) {
    // What is no CallError is a fault of this Hub, which development should see.
    if (!(error instanceof CallError)) throw error
    call.end(error.status)
  }
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
