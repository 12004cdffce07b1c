import {
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2'
import { createPendingFailure } from '../../deadline.js'
import {
  encodeFields,
  encodeFrame,
  FIELDS_FLAG,
  FrameError,
  MESSAGE_FLAG,
} from '../../grpc/frames.js'
import { type CallStatus, Status, writeStatus } from '../../grpc/status.js'
import { HubError } from '../hub.js'
import { asHubError, ReplyReader } from '../reply-reader.js'
import type {
  CallTransport,
  Metadata,
  ReleaseReason,
  Transport,
  TransportOptions,
} from '../transport.js'
import { encodeHeaders, statusOf } from './headers.js'
import type { GrpcSession } from './session.js'
import type { PendingCall, SessionPool } from './session-pool.js'

/** A Hub that had less than this to answer in has missed no deadline, in ms: the call queued. */
const MIN_WAIT_MS = 100

/** How long a Hub may take to end a call that its app has left, in ms. */
const LEAVE_TIMEOUT_MS = 500

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
  readonly #failure = createPendingFailure()
  readonly failed = this.#failure.promise
  readonly #sessions: SessionPool
  #options: TransportOptions | undefined
  #headers: OutgoingHttpHeaders = {}
  #session: GrpcSession | undefined
  #stream: ClientHttp2Stream | undefined
  /** What the SDK sent before anything was answered: for another session, if need be. */
  #sent: Uint8Array[] = []
  #hasFinishedSending = false
  /** Since when the Hub has to say something, be it a reply or the status; missing if it hasn't. */
  #owedSince: number | undefined
  readonly #replies = new ReplyReader()
  #status: CallStatus | undefined
  #isRefused = false
  #isOver = false

  /** @param sessions - where the call gets its session */
  constructor(sessions: SessionPool) {
    this.#sessions = sessions
  }

  readonly factory = (options: TransportOptions): Transport => ({
    start: (metadata) => this.#open(options, metadata),
    sendMessage: (frame) => this.#send(frame),
    finishSend: () => this.#finishSend(),
    cancel: () => this.release(),
  })

  get hasReplied(): boolean {
    return this.#replies.hasMessage
  }

  release(reason?: ReleaseReason): void {
    if (this.#isOver) return
    const stream = this.#end()
    if (!stream) return
    if (reason !== 'late') {
      leave(stream)
      return
    }
    stream.close(constants.NGHTTP2_CANCEL)
    const wait = performance.now() - (this.#owedSince ?? Number.POSITIVE_INFINITY)
    if (wait >= MIN_WAIT_MS) this.#session?.onLate(stream)
  }

  start(session: GrpcSession): void {
    try {
      this.#session = session
      this.#stream = this.#listen(session.request(this.#headers))
      this.#owedSince = performance.now()
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
    this.#owedSince = performance.now()
    if (this.#replies.isEmpty) this.#sent.push(frame)
    if (this.#stream?.writable) this.#stream.write(frame)
  }

  #finishSend(): void {
    if (this.#isOver) return
    this.#owedSince = performance.now()
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
    this.#session?.onBytes()
    const httpStatus = headers[':status']
    if (Number(httpStatus) === 200) this.#status = statusOf(headers)
    else this.#fail(new HubError(`the Hub answered with HTTP status ${httpStatus}`))
  }

  #takeReplies(chunk: Buffer): void {
    this.#session?.onBytes()
    if (this.#isOver) return
    this.#sent = []
    try {
      for (const { flag, bytes } of this.#replies.push(chunk)) {
        // Else the SDK would take a part of the body for the trailers.
        if (flag !== MESSAGE_FLAG) throw new FrameError('not a message')
        if (!this.#hasFinishedSending) this.#owedSince = undefined
        this.#options?.onChunk(bytes)
      }
    } catch (error) {
      this.#fail(asHubError(error))
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
    } else if (this.#replies.isInsideFrame) {
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
    this.#end()?.close(constants.NGHTTP2_CANCEL)
    this.#failure.reject(error)
  }

  /** @returns the stream, if it runs; one that the Hub has ended closes by itself */
  #end(): ClientHttp2Stream | undefined {
    this.#isOver = true
    this.#sessions.cancel(this)
    const hasEnded = this.#stream?.readableEnded || this.#status !== undefined
    return hasEnded ? undefined : this.#stream
  }
}

/**
 * Ends a stream without a reset: the Hub hears that no more will come, and ends the call. Peers
 * count resets, and take many of them for an attack: they end the session, and with it the calls of
 * everybody else. Only a Hub that doesn't end the call in time has it reset.
 */
function leave(stream: ClientHttp2Stream): void {
  if (!stream.writableEnded) stream.end()
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), LEAVE_TIMEOUT_MS)
  stream.once('close', () => clearTimeout(timer))
}
