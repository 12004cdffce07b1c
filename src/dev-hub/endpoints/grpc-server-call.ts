import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { encodeFrame, MESSAGE_FLAG } from '../../grpc/frames.js'
import { type CallStatus, writeStatus } from '../../grpc/status.js'
import { callerLeft, type HubCall } from '../call.js'
import { RequestQueue } from './request-queue.js'

const RESPONSE_HEADERS = { ':status': 200, 'content-type': 'application/grpc' }

/** A call by native gRPC: one stream of an HTTP/2 session. */
export class GrpcServerCall implements HubCall {
  readonly metadata: ReadonlyMap<string, string>
  readonly #stream: ServerHttp2Stream
  readonly #requests: RequestQueue
  readonly closed: Promise<void>

  /** @param stream - a stream of which nothing but the headers was read */
  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
    this.#stream = stream
    this.metadata = readMetadata(headers)
    this.#requests = new RequestQueue(stream)
    this.closed = new Promise((resolve) => stream.once('close', resolve))
    stream.on('data', (chunk: Buffer) => this.#requests.push(chunk))
    stream.on('end', () => {
      // Node ends the readable side of a stream that was reset, too.
      this.#requests.finish(stream.aborted ? callerLeft() : undefined)
    })
    stream.on('close', () => this.#requests.finish(callerLeft()))
  }

  receive(): Promise<Uint8Array | undefined> {
    return this.#requests.receive()
  }

  reply(message: Uint8Array): void {
    if (!this.#isWritable) return
    if (!this.#stream.headersSent) {
      this.#stream.respond(RESPONSE_HEADERS, { waitForTrailers: true })
    }
    this.#stream.write(encodeFrame(MESSAGE_FLAG, message))
  }

  async drained(): Promise<void> {
    if (!this.#isWritable || !this.#stream.writableNeedDrain) return
    const drained = new Promise((resolve) => this.#stream.once('drain', resolve))
    await Promise.race([drained, this.closed])
  }

  /** Sends the status and ends. Where nothing was replied, headers and status are one block. */
  end(status: CallStatus): void {
    this.#requests.stop()
    if (!this.#isWritable) return
    const stream = this.#stream
    const fields = Object.fromEntries(writeStatus(status))
    if (stream.headersSent) {
      stream.once('wantTrailers', () => {
        stream.sendTrailers(fields)
        closeSoon(stream)
      })
      stream.end()
    } else {
      stream.respond({ ...RESPONSE_HEADERS, ...fields }, { endStream: true })
      closeSoon(stream)
    }
  }

  get #isWritable(): boolean {
    return !this.#stream.closed && !this.#stream.destroyed
  }
}

/**
 * Closes a stream whose call is over, though its caller might still send. Closed at once, it would
 * take its last headers with it: Node writes them when this turn of its loop ends.
 */
export function closeSoon(stream: ServerHttp2Stream): void {
  setImmediate(() => stream.close())
}

/** The headers that are a call's metadata: all but HTTP/2's own. */
function readMetadata(headers: IncomingHttpHeaders): Map<string, string> {
  const metadata = new Map<string, string>()
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(':') || value === undefined) continue
    metadata.set(name, Array.isArray(value) ? value.join(', ') : value)
  }
  return metadata
}
