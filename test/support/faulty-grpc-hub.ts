import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2'
import type { Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { encodeFrame, FrameReader } from '../../src/grpc/frames.js'
import { challengeReply, type FaultyCall, type FaultyHub, FrameInbox } from './faulty-hub.js'
import { listen } from './ports.js'

/** A call by native gRPC. */
export class FaultyGrpcCall implements FaultyCall {
  readonly stream: ServerHttp2Stream
  readonly headers: IncomingHttpHeaders
  readonly #drop: () => void
  readonly #inbox = new FrameInbox()
  #trailers: Record<string, string> = {}

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, drop: () => void) {
    this.stream = stream
    this.headers = headers
    this.#drop = drop
    const reader = new FrameReader(10_000_000)
    stream.on('error', () => {})
    stream.on('data', (chunk: Buffer) => {
      for (const { flag, data } of reader.push(chunk)) {
        this.#inbox.push(Buffer.from(encodeFrame(flag, data)))
      }
    })
    stream.on('wantTrailers', () => stream.sendTrailers(this.#trailers))
  }

  receive(): Promise<Buffer> {
    return this.#inbox.receive()
  }

  async receiveKey(): Promise<void> {
    await this.receive()
  }

  sendHeaders(): void {
    if (this.stream.headersSent) return
    const headers = { ':status': 200, 'content-type': 'application/grpc' }
    this.stream.respond(headers, { waitForTrailers: true })
  }

  send(...parts: Uint8Array[]): void {
    this.sendHeaders()
    for (const part of parts) this.stream.write(part)
  }

  challenge(challenge: Uint8Array = randomBytes(32)): void {
    this.send(challengeReply(challenge))
  }

  end(code: number | string, message = ''): void {
    const fields = { 'grpc-status': String(code), 'grpc-message': message }
    if (this.stream.headersSent) {
      this.#trailers = fields
      this.stream.end()
    } else {
      const headers = { ':status': 200, 'content-type': 'application/grpc', ...fields }
      this.stream.respond(headers, { endStream: true })
    }
  }

  close(): void {
    this.sendHeaders()
    this.stream.end()
  }

  drop(): void {
    this.#drop()
  }

  /** Ends the call as a Hub does whose caller says that no more will come. */
  endWhenLeft(): void {
    this.stream.on('end', () => {
      if (!this.stream.writableEnded && !this.stream.aborted) this.end(2, 'EOF')
    })
  }
}

/** A faulty Hub with what happens on its connections. */
export interface FaultyGrpcHub extends FaultyHub {
  /** Every session that ever was, oldest first; each with the calls on it. */
  readonly sessions: readonly { session: ServerHttp2Session; calls: FaultyGrpcCall[] }[]
  /** How many connections are open now. */
  readonly openConnections: number
}

/** Starts a faulty Hub that speaks native gRPC, on a free port; it ends with the test. */
export async function startFaultyGrpcHub(
  script: (call: FaultyGrpcCall) => Promise<void>,
  options: ServerOptions & { port?: number } = {},
): Promise<FaultyGrpcHub> {
  const server = createServer(options)
  const sockets = new Set<Socket>()
  const sessions: { session: ServerHttp2Session; calls: FaultyGrpcCall[] }[] = []
  let openCalls = 0
  // Before Node's own listener, which makes the session.
  server.prependListener('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('session', (session) => {
    const socket = [...sockets].at(-1)
    const calls: FaultyGrpcCall[] = []
    sessions.push({ session, calls })
    session.on('error', () => {})
    session.on('stream', (stream, headers) => {
      openCalls += 1
      stream.on('close', () => {
        openCalls -= 1
      })
      // What was sent before still has to leave: Node writes it when this turn of its loop ends.
      const drop = () => setImmediate(() => socket?.destroy())
      const call = new FaultyGrpcCall(stream, headers, drop)
      calls.push(call)
      void script(call)
    })
  })
  const port = await listen(server, options.port)
  const hub = {
    url: `grpc://127.0.0.1:${port}`,
    sessions,
    get openCalls() {
      return openCalls
    },
    get openConnections() {
      return sockets.size
    },
    async close() {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
  onTestFinished(() => hub.close())
  return hub
}

/** How many calls came on each session. */
export function callsPerSession({ sessions }: FaultyGrpcHub): number[] {
  return sessions.map(({ calls }) => calls.length)
}
