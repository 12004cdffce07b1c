import { WebSocket } from 'ws'
import { decodeFields } from '../grpc/fields.js'
import { FIELDS_FLAG, FrameReader, MAX_MESSAGE_BYTES } from '../grpc/frames.js'
import { type CallStatus, readStatus, Status } from '../grpc/status.js'
import { HubError } from './hub.js'
import type { CallTransport, Metadata, Transport, TransportOptions } from './transport.js'

/** How long a Hub may take to answer our closing of a finished call's socket, in ms. */
const CLOSE_TIMEOUT_MS = 1_000

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
  #socket: WebSocket | undefined
  #isOver = false
  /** Frames that the SDK sent before the socket was open. */
  #unsent: Uint8Array[] = []
  #reader = new FrameReader(MAX_MESSAGE_BYTES)
  #receivedBytes = 0

  constructor() {
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
    this.#isOver = true
    this.#socket?.terminate()
  }

  #start(options: TransportOptions, metadata: Metadata): void {
    if (this.#isOver) return
    const socket = new WebSocket(options.url.replace(/^http/, 'ws'), 'grpc-websockets', {
      perMessageDeflate: false,
      maxPayload: MAX_MESSAGE_BYTES,
      closeTimeout: CLOSE_TIMEOUT_MS,
    })
    this.#socket = socket
    let failure: Error | undefined
    socket.on('open', () => {
      socket.send(encodeMetadata(metadata))
      for (const frame of this.#unsent) socket.send(frame)
      this.#unsent = []
    })
    socket.on('message', (data: Buffer, isBinary) => {
      if (!this.#isOver) this.#receive(options, data, isBinary)
    })
    socket.on('error', (error) => {
      failure = error
    })
    socket.on('close', () => {
      if (this.#isOver) return
      if (failure) this.#fail(new HubError('the connection to the Hub failed', { cause: failure }))
      else this.#fail(new HubError('the Hub ended the call without a status'))
    })
  }

  #send(frame: Uint8Array): void {
    if (this.#isOver) return
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(frame)
    else this.#unsent.push(frame)
  }

  #receive(options: TransportOptions, chunk: Buffer, isBinary: boolean): void {
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
      options.onChunk(chunk)
      if (status) this.#finish(options, status)
    } catch (cause) {
      this.#fail(new HubError('the Hub replied with garbage', { cause }))
    }
  }

  /** Ends a call that has its status. The Hub closes the socket too, having sent it. */
  #finish(options: TransportOptions, status: CallStatus): void {
    if (status.code !== Status.Ok) {
      this.#fail(new HubError(`the Hub ended the call with code ${status.code}`, { status }))
      return
    }
    this.#isOver = true
    this.#socket?.close()
    options.onEnd()
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
