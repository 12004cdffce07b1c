import type { WebSocket } from 'ws'
import {
  decodeFields,
  encodeFields,
  encodeFrame,
  FIELDS_FLAG,
  MESSAGE_FLAG,
} from '../../grpc/frames.js'
import { type CallStatus, Status, writeStatus } from '../../grpc/status.js'
import { CallError, callerLeft, type HubCall } from '../call.js'
import { RequestQueue } from './request-queue.js'

/** What the caller's frames after the first start with: a message follows, or none will. */
const MESSAGE_FOLLOWS = 0
const NO_MORE_MESSAGES = 1

/** How many bytes of replies may wait for the caller before a method that asks waits, too. */
const MAX_WAITING_BYTES = 256 * 1024

const RESPONSE_HEADERS = [['content-type', 'application/grpc-web+proto']] as const

/** A call by gRPC-web over a WebSocket of its own. */
export class GrpcWebServerCall implements HubCall {
  /** Fulfils when the caller's headers have come; rejects when the caller leaves before. */
  readonly opened: Promise<void>
  readonly closed: Promise<void>
  readonly #socket: WebSocket
  #metadata: ReadonlyMap<string, string> | undefined
  #open: () => void = () => {}
  #abandon: (reason: CallError) => void = () => {}
  readonly #requests: RequestQueue
  #wakeWriter: () => void = () => {}
  #hasReplied = false

  /** @param socket - a socket on which nothing has come yet */
  constructor(socket: WebSocket) {
    this.#socket = socket
    this.#requests = new RequestQueue(socket)
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()))
    this.opened = new Promise((resolve, reject) => {
      this.#open = resolve
      this.#abandon = reject
    })
    this.opened.catch(() => {})
    socket.on('message', (frame: Buffer) => this.#take(frame))
    socket.on('close', () => {
      const reason = callerLeft()
      this.#abandon(reason)
      this.#requests.finish(reason)
    })
  }

  get metadata(): ReadonlyMap<string, string> {
    return this.#metadata ?? new Map()
  }

  receive(): Promise<Uint8Array | undefined> {
    return this.#requests.receive()
  }

  reply(message: Uint8Array): void {
    if (!this.#hasReplied) this.#sendFields(RESPONSE_HEADERS)
    this.#hasReplied = true
    this.#socket.send(encodeFrame(MESSAGE_FLAG, message), () => this.#wakeWriter())
  }

  async drained(): Promise<void> {
    while (this.#socket.readyState === this.#socket.OPEN) {
      if (this.#socket.bufferedAmount < MAX_WAITING_BYTES) return
      const written = new Promise<void>((resolve) => {
        this.#wakeWriter = resolve
      })
      await Promise.race([written, this.closed])
    }
  }

  /** Sends the status and closes. Where nothing was replied, headers and status are one block. */
  end(status: CallStatus): void {
    this.#requests.stop()
    const fields = writeStatus(status)
    this.#sendFields(this.#hasReplied ? fields : [...RESPONSE_HEADERS, ...fields])
    this.#socket.close(1000)
  }

  #sendFields(fields: Iterable<readonly [string, string]>): void {
    this.#socket.send(encodeFrame(FIELDS_FLAG, encodeFields(fields)))
  }

  #take(frame: Buffer): void {
    if (!this.#metadata) {
      this.#metadata = decodeFields(frame)
      this.#open()
    } else if (frame[0] === NO_MORE_MESSAGES && frame.length === 1) {
      this.#requests.finish()
    } else if (frame[0] === MESSAGE_FOLLOWS) {
      this.#requests.push(frame.subarray(1))
    } else {
      const rule = 'a frame must start with 0, or be the byte 1'
      this.#requests.finish(new CallError(Status.Internal, rule))
    }
  }
}
