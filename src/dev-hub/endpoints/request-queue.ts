import { FrameError, FrameReader, MAX_MESSAGE_BYTES } from '../../grpc/frames.js'
import { Status } from '../../grpc/status.js'
import { CallError } from '../call.js'

/** How many bytes of requests may wait for the method before the caller is held back. */
const MAX_WAITING_BYTES = 1024 * 1024

/** Where requests come from, as far as it can be held back. */
interface RequestSource {
  pause(): unknown
  resume(): unknown
}

/** A call's requests on their way from the endpoint to the method. */
export class RequestQueue {
  readonly #source: RequestSource
  readonly #reader = new FrameReader(MAX_MESSAGE_BYTES)
  /** Requests that came and were not received yet. */
  readonly #requests: Uint8Array[] = []
  /** Why there will be no further requests, once there won't. */
  #end: { readonly error?: CallError } | undefined
  #wake: () => void = () => {}
  #waitingBytes = 0
  #isPaused = false

  /** @param source - is held back while too much of what it sent waits */
  constructor(source: RequestSource) {
    this.#source = source
  }

  /**
   * Waits for the next request.
   *
   * @returns its protobuf bytes, or `undefined` once no more will come
   * @throws CallError where the caller broke the protocol or went away
   */
  async receive(): Promise<Uint8Array | undefined> {
    for (;;) {
      const request = this.#requests.shift()
      if (request) {
        this.#waitingBytes -= request.length
        this.#holdBack()
        return request
      }
      if (this.#end?.error) throw this.#end.error
      if (this.#end) return undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** Takes bytes of gRPC frames, cut anywhere. What comes after the end is passed over. */
  push(chunk: Uint8Array): void {
    if (this.#end) return
    try {
      for (const { data } of this.#reader.push(chunk)) {
        this.#requests.push(data)
        this.#waitingBytes += data.length
      }
      this.#holdBack()
      this.#wake()
    } catch (error) {
      if (!(error instanceof FrameError)) throw error
      this.finish(new CallError(Status.ResourceExhausted, `bad request: ${error.message}`))
    }
  }

  /**
   * Ends the queue, unless it has ended before. What was queued can still be received.
   *
   * @param error - what to throw at the receiver; missing where the caller just sends no more
   */
  finish(error?: CallError): void {
    this.#end ??= error ? { error } : {}
    this.#wake()
  }

  /** Ends the queue for good and drops what waits: the method has ended. */
  stop(): void {
    this.finish()
    this.#requests.length = 0
    this.#waitingBytes = 0
    this.#holdBack()
  }

  #holdBack(): void {
    const isTooMuch = this.#waitingBytes > MAX_WAITING_BYTES
    if (isTooMuch === this.#isPaused) return
    this.#isPaused = isTooMuch
    if (isTooMuch) this.#source.pause()
    else this.#source.resume()
  }
}
