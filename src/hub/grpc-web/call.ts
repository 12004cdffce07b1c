import WebSocket from 'isomorphic-ws'
import { createPendingFailure } from '../../deadline.js'
import { decodeFields, FIELDS_FLAG } from '../../grpc/frames.js'
import { type CallStatus, readStatus, Status } from '../../grpc/status.js'
import { HubError } from '../hub.js'
import { asHubError, ReplyReader } from '../reply-reader.js'
import type {
  CallTransport,
  Metadata,
  ReleaseReason,
  Transport,
  TransportOptions,
} from '../transport.js'
import type { PooledSocket, SocketPool } from './socket-pool.js'

/** After how long without any answer a socket that lay idle before its call counts as dead, in ms. */
const PATIENCE_MS = 1_000

/** What the client's WebSocket frames start with: a message follows, or none will. */
const MESSAGE_FOLLOWS = Uint8Array.of(0)
const NO_MORE_MESSAGES = Uint8Array.of(1)

/**
 * Carries one call of the SDK by gRPC-web, on a WebSocket of its own: the same bytes on the wire
 * as the SDK's own transport.
 *
 * The SDK's own can't serve here: it drops the gRPC status, bounds nothing, dies from a reply that
 * is no protobuf, and waits 30 s for a silent Hub to confirm that a socket closes.
 */
export class GrpcWebClientCall implements CallTransport {
  readonly #failure = createPendingFailure()
  readonly failed = this.#failure.promise
  readonly #sockets: SocketPool
  #options: TransportOptions | undefined
  #startedAt = 0
  #socket: WebSocket | undefined
  /** Whether the socket lay idle before this call, and nothing has come on it since. */
  #isSuspect = false
  #isOver = false
  /** The frames of the call until it is answered: for another socket, if need be. */
  #sent: Uint8Array[] = []
  readonly #replies = new ReplyReader()

  /** @param sockets - where the call gets its socket */
  constructor(sockets: SocketPool) {
    this.#sockets = sockets
  }

  readonly factory = (options: TransportOptions): Transport => ({
    start: (metadata) => this.#start(options, metadata),
    sendMessage: (message) => this.#send(Buffer.concat([MESSAGE_FOLLOWS, message])),
    finishSend: () => this.#send(NO_MORE_MESSAGES),
    cancel: () => this.release(),
  })

  get hasReplied(): boolean {
    return this.#replies.hasMessage
  }

  release(reason?: ReleaseReason): void {
    if (this.#isOver) return
    const hasWaited = performance.now() - this.#startedAt > PATIENCE_MS
    if (reason === 'late' && this.#isSuspect && hasWaited) this.#sockets.evict()
    this.#isOver = true
    this.#socket?.terminate()
  }

  #start(options: TransportOptions, metadata: Metadata): void {
    if (this.#isOver) return
    this.#options = options
    this.#startedAt = performance.now()
    this.#sent.unshift(encodeMetadata(metadata))
    this.#use(this.#sockets.acquire(options.url))
  }

  /** Carries the call, from its beginning, on a socket that is open or opening. */
  #use({ socket, wasIdle }: PooledSocket): void {
    this.#socket = socket
    this.#isSuspect = wasIdle
    let failure: Error | undefined
    socket
      .on('message', (data: Buffer, isBinary) => {
        if (!this.#isOver) this.#receive(data, isBinary)
      })
      .on('error', (error) => {
        failure = error
      })
      .on('close', () => this.#takeClose(failure))
    if (socket.readyState === WebSocket.OPEN) this.#resend()
    else socket.on('open', () => this.#resend())
  }

  #resend(): void {
    for (const frame of this.#sent) this.#socket?.send(frame)
  }

  #send(frame: Uint8Array): void {
    if (this.#isOver) return
    if (this.#replies.isEmpty) this.#sent.push(frame)
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(frame)
  }

  #takeClose(cause: Error | undefined): void {
    if (this.#isOver) return
    if (this.#isSuspect && this.#options) {
      // It died while it lay idle: the Hub has not looked at this call.
      this.#sockets.evict()
      this.#use(this.#sockets.acquireFresh(this.#options.url))
    } else if (isTooLong(cause)) this.#fail(this.#replies.refuseRest())
    else if (cause) this.#fail(new HubError('the connection to the Hub failed', { cause }))
    else this.#fail(new HubError('the Hub ended the call without a status'))
  }

  #receive(chunk: Buffer, isBinary: boolean): void {
    this.#isSuspect = false
    this.#sent = []
    if (!isBinary) {
      this.#fail(new HubError('the Hub sent a text frame'))
      return
    }
    try {
      let status: CallStatus | undefined
      for (const { flag, data, bytes } of this.#replies.push(chunk)) {
        if (flag === FIELDS_FLAG) status = readStatus(decodeFields(data))
        this.#options?.onChunk(bytes)
      }
      if (status) this.#finish(status)
    } catch (error) {
      this.#fail(asHubError(error))
    }
  }

  /** Ends a call that has its status. The Hub closes the socket too, having sent it. */
  #finish(status: CallStatus): void {
    if (status.code !== Status.Ok) {
      this.#fail(new HubError(`the Hub ended the call with code ${status.code}`, { status }))
      return
    }
    this.#isOver = true
    this.#socket?.close()
    this.#options?.onEnd()
  }

  #fail(error: HubError): void {
    if (this.#isOver) return
    this.release()
    this.#failure.reject(error)
  }
}

/** Whether a socket failed because one message had more than the socket takes. */
function isTooLong(error: Error | undefined): boolean {
  return (
    error !== undefined && 'code' in error && error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'
  )
}

/** Writes a call's headers the way gRPC-web over WebSocket has them: a line each. */
function encodeMetadata(metadata: Metadata): Uint8Array {
  let lines = ''
  metadata.forEach((name, values) => {
    lines += `${name}: ${values.join(', ')}\r\n`
  })
  return Buffer.from(lines, 'latin1')
}
