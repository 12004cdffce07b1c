import {
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2'
import {
  encodeFields,
  encodeFrame,
  FIELDS_FLAG,
  FrameError,
  FrameReader,
  MAX_MESSAGE_BYTES,
  MESSAGE_FLAG,
} from '../../grpc/frames.js'
import { type CallStatus, readStatus, Status, writeStatus } from '../../grpc/status.js'
import { HubError } from '../hub.js'
import type { CallTransport, Metadata, Transport, TransportOptions } from '../transport.js'
import type { GrpcSession } from './session.js'
import type { PendingCall, SessionPool } from './session-pool.js'

/**
 * What the SDK hands over as headers of a call, but HTTP/2 forbids or says by other means, or is
 * gRPC-web's alone.
 */
const FOREIGN_HEADERS = new Set([
  'connection',
  'content-length',
  'content-type',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  'x-grpc-web',
])

/** What tells the SDK, which knows gRPC-web only, that a call has ended well. */
const SUCCESS = encodeFrame(
  FIELDS_FLAG,
  encodeFields(writeStatus({ code: Status.Ok, message: '' })),
)

/**
 * Carries one call of the SDK by native gRPC: a stream of an HTTP/2 session that calls share.
 *
 * By `node:http2` itself: `@grpc/grpc-js` in its place cost 0.3 ms of CPU more for each login, on
 * top of 0.67 (medians of six rounds of 2,000 logins against one server process, Node 20.20).
 */
export class GrpcClientCall implements CallTransport, PendingCall {
  readonly failed: Promise<never>
  #rejectFailed: (error: HubError) => void = () => {}
  readonly #sessions: SessionPool
  #options: TransportOptions | undefined
  #headers: OutgoingHttpHeaders = {}
  #session: GrpcSession | undefined
  #stream: ClientHttp2Stream | undefined
  /** What the SDK sent before anything was answered: for another session, if need be. */
  #sent: Uint8Array[] = []
  #hasFinishedSending = false
  /** Whether the Hub has to say something next, be it a reply or the status. */
  #isOwed = false
  readonly #reader = new FrameReader(MAX_MESSAGE_BYTES)
  #receivedBytes = 0
  #status: CallStatus | undefined
  #isRefused = false
  #isOver = false

  /** @param sessions - where the call gets its session */
  constructor(sessions: SessionPool) {
    this.#sessions = sessions
    this.failed = new Promise((_, reject) => {
      this.#rejectFailed = reject
    })
    this.failed.catch(() => {})
  }

  readonly factory = (options: TransportOptions): Transport => ({
    start: (metadata) => this.#open(options, metadata),
    sendMessage: (frame) => this.#send(frame),
    finishSend: () => this.#finishSend(),
    cancel: () => this.release(),
  })

  release(): void {
    if (this.#isOver) return
    if (this.#isOwed) this.#session?.suspect()
    this.#end()
  }

  start(session: GrpcSession): void {
    try {
      this.#session = session
      this.#stream = this.#listen(session.request(this.#headers))
      for (const frame of this.#sent) this.#stream.write(frame)
      if (this.#hasFinishedSending) this.#stream.end()
    } catch (cause) {
      this.#fail(new HubError('the call could not be sent', { cause }))
    }
  }

  reject(error: HubError): void {
    this.#fail(error)
  }

  #open(options: TransportOptions, metadata: Metadata): void {
    if (this.#isOver) return
    const { service, methodName } = options.methodDefinition
    this.#options = options
    this.#headers = encodeHeaders(`/${service.serviceName}/${methodName}`, metadata)
    this.#sessions.acquire(this)
  }

  #send(frame: Uint8Array): void {
    if (this.#isOver) return
    this.#isOwed = true
    if (this.#receivedBytes === 0) this.#sent.push(frame)
    if (this.#stream?.writable) this.#stream.write(frame)
  }

  #finishSend(): void {
    if (this.#isOver) return
    this.#isOwed = true
    this.#hasFinishedSending = true
    this.#stream?.end()
  }

  #listen(stream: ClientHttp2Stream): ClientHttp2Stream {
    let failure: Error | undefined
    return (
      stream
        .on('response', (headers) => this.#takeHeaders(headers))
        .on('data', (chunk: Buffer) => this.#takeReplies(chunk))
        .on('trailers', (trailers) => {
          this.#status = statusOf(trailers)
        })
        // The Hub will say no more, so neither do we; then the stream closes. Trailers, though sent
        // before, can be heard after this.
        .on('end', () => {
          // Node makes an error, and drops it, where a stream is ended twice.
          if (!stream.writableEnded) stream.end()
        })
        .on('error', (error) => {
          failure = error
        })
        .on('close', () => this.#takeClose(stream, failure))
    )
  }

  #takeHeaders(headers: IncomingHttpHeaders): void {
    const httpStatus = headers[':status']
    if (Number(httpStatus) === 200) this.#status = statusOf(headers)
    else this.#fail(new HubError(`the Hub answered with HTTP status ${httpStatus}`))
  }

  #takeReplies(chunk: Buffer): void {
    if (this.#isOver) return
    this.#sent = []
    this.#receivedBytes += chunk.length
    if (this.#receivedBytes > MAX_MESSAGE_BYTES) {
      this.#fail(new HubError('the Hub replied too much'))
      return
    }
    try {
      for (const { flag } of this.#reader.push(chunk)) {
        // Else the SDK would take a part of the body for the trailers.
        if (flag !== MESSAGE_FLAG) throw new FrameError('not a message')
        this.#isOwed = this.#hasFinishedSending
      }
      this.#options?.onChunk(chunk)
    } catch (cause) {
      this.#fail(new HubError('the Hub replied with garbage', { cause }))
    }
  }

  /** Ends a call whose stream is gone: with the status that came, or without one. */
  #takeClose(stream: ClientHttp2Stream, failure: Error | undefined): void {
    if (this.#isOver) return
    const status = this.#status
    if (status === undefined) {
      if (this.#canMove(stream)) this.#sessions.acquire(this)
      else if (failure) {
        this.#fail(new HubError('the connection to the Hub failed', { cause: failure }))
      } else this.#fail(new HubError('the Hub ended the call without a status'))
    } else if (status.code !== Status.Ok) {
      this.#fail(new HubError(`the Hub ended the call with code ${status.code}`, { status }))
    } else if (this.#reader.isInsideFrame) {
      this.#fail(new HubError('the Hub ended the call inside a reply'))
    } else {
      this.#isOver = true
      this.#options?.onChunk(SUCCESS)
      this.#options?.onEnd()
    }
  }

  /** Whether the Hub has never looked at this call, as HTTP/2 promises; once, it is sent again. */
  #canMove(stream: ClientHttp2Stream): boolean {
    if (this.#isRefused || stream.rstCode !== constants.NGHTTP2_REFUSED_STREAM) return false
    this.#isRefused = true
    this.#stream = undefined
    return true
  }

  #fail(error: HubError): void {
    if (this.#isOver) return
    this.#end()
    this.#rejectFailed(error)
  }

  #end(): void {
    this.#isOver = true
    this.#sessions.cancel(this)
    // A stream that the Hub has ended closes by itself; resets of those count as an attack.
    const isRunning = this.#stream && !this.#stream.readableEnded && this.#status === undefined
    if (isRunning) this.#stream?.close(constants.NGHTTP2_CANCEL)
  }
}

/** Writes a call's headers the way gRPC over HTTP/2 has them. */
function encodeHeaders(path: string, metadata: Metadata): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc+proto',
    te: 'trailers',
  }
  metadata.forEach((name, values) => {
    const lowerCase = name.toLowerCase()
    if (!FOREIGN_HEADERS.has(lowerCase)) headers[lowerCase] = values.join(', ')
  })
  return headers
}

/** The status in headers or trailers, if one is there. */
function statusOf(headers: IncomingHttpHeaders): CallStatus | undefined {
  const { 'grpc-status': code, 'grpc-message': message } = headers
  if (typeof code !== 'string') return undefined
  const fields = new Map([['grpc-status', code]])
  if (typeof message === 'string') fields.set('grpc-message', message)
  return readStatus(fields)
}
