import WebSocket from 'isomorphic-ws'
import { decodeFields } from '../../grpc/fields.js'
import { FIELDS_FLAG, FrameReader, MAX_MESSAGE_BYTES } from '../../grpc/frames.js'
import { type CallStatus, readStatus, Status } from '../../grpc/status.js'
import { HubError } from '../hub.js'
import type { CallTransport, Metadata, Transport, TransportOptions } from '../transport.js'
import type { HubSocket, HubSockets } from './socket-pool.js'

/** After how long without any answer a socket that waited for its call counts as dead, in ms. */
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
export class GrpcWebCall implements CallTransport {
  readonly failed: Promise<never>
  #reject: (error: HubError) => void = () => {}
  readonly #sockets: HubSockets
  #options: TransportOptions | undefined
  #startedAt = 0
  #socket: WebSocket | undefined
  /** Whether the socket has waited for this call, and has not shown yet that it lives. */
  #isDoubtful = false
  #isOver = false
  /** The frames of the call until it is answered: for another socket, if need be. */
  #sent: Uint8Array[] = []
  #reader = new FrameReader(MAX_MESSAGE_BYTES)
  #receivedBytes = 0

  /** @param sockets - where the call shall find its socket */
  constructor(sockets: HubSockets) {
    this.#sockets = sockets
    this.failed = new Promise((_, reject) => {
      this.#reject = reject
    })
    this.failed.catch(() => {})
  }

  readonly factory = (options: TransportOptions): Transport => ({
    start: (metadata) => this.#start(options, metadata),
    sendMessage: (message) => this.#send(Buffer.concat([MESSAGE_FOLLOWS, message])),
    finishSend: () => this.#send(NO_MORE_MESSAGES),
    cancel: () => this.release(),
  })

  release(): void {
    if (this.#isOver) return
    const hasWaited = performance.now() - this.#startedAt > PATIENCE_MS
    if (this.#isDoubtful && hasWaited) this.#sockets.distrust()
    this.#isOver = true
    this.#socket?.terminate()
  }

  #start(options: TransportOptions, metadata: Metadata): void {
    if (this.#isOver) return
    this.#options = options
    this.#startedAt = performance.now()
    this.#sent.unshift(encodeMetadata(metadata))
    this.#use(this.#sockets.take(options.url))
  }

  /** Carries the call, from its beginning, on a socket that is open or opening. */
  #use({ socket, isSpare }: HubSocket): void {
    this.#socket = socket
    this.#isDoubtful = isSpare
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
    if (this.#receivedBytes === 0) this.#sent.push(frame)
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(frame)
  }

  #takeClose(cause: Error | undefined): void {
    if (this.#isOver) return
    if (this.#isDoubtful && this.#options) {
      // It died while it waited: the Hub has not looked at this call.
      this.#sockets.distrust()
      this.#use(this.#sockets.takeFresh(this.#options.url))
    } else if (cause) this.#fail(new HubError('the connection to the Hub failed', { cause }))
    else this.#fail(new HubError('the Hub ended the call without a status'))
  }

  #receive(chunk: Buffer, isBinary: boolean): void {
    this.#isDoubtful = false
    this.#sent = []
    this.#receivedBytes += chunk.length
    if (!isBinary || this.#receivedBytes > MAX_MESSAGE_BYTES) {
      this.#fail(new HubError(isBinary ? 'the Hub replied too much' : 'the Hub sent a text frame'))
      return
    }
    try {
      let status: CallStatus | undefined
      for (const frame of this.#reader.push(chunk)) {
        if (frame.flag === FIELDS_FLAG) status = readStatus(decodeFields(frame.data))
      }
      this.#options?.onChunk(chunk)
      if (status) this.#finish(status)
    } catch (cause) {
      this.#fail(new HubError('the Hub replied with garbage', { cause }))
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
    this.#reject(error)
  }
}

/** Writes a call's headers the way gRPC-web over WebSocket has them: a line each. */
function encodeMetadata(metadata: Metadata): Uint8Array {
  let lines = ''
  metadata.forEach((name, values) => {
    lines += `${name}: ${values.join(', ')}\r\n`
  })
  return Buffer.from(lines, 'latin1')
}
