import { FrameError, FrameReader, MAX_MESSAGE_BYTES } from '../../grpc/frames.js'
import { Status } from '../../grpc/status.js'
import { CallError } from '../call.js'

/** From how much on that was not received yet the caller is held up, in bytes. */
const PAUSE_BYTES = 1024 * 1024

/** From how little on the caller goes on, in bytes. */
const RESUME_BYTES = PAUSE_BYTES / 4

/** What holds up a caller that sends faster than the method receives. */
export interface Flow {
  pause(): void
  resume(): void
}

/** A call's requests on their way from the endpoint to the method. */
export class RequestQueue {
  readonly #flow: Flow
  readonly #reader = new FrameReader(MAX_MESSAGE_BYTES)
  /** Requests that came and were not received yet. */
  readonly #requests: Uint8Array[] = []
  #waitingBytes = 0
  #isPaused = false
  /** Why there will be no further requests, once there won't. */
  #end: { readonly error?: CallError } | undefined
  #wake: () => void = () => {}

  constructor(flow: Flow) {
    this.#flow = flow
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
        if (this.#waitingBytes <= RESUME_BYTES) this.#resume()
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
      if (this.#waitingBytes > PAUSE_BYTES && !this.#isPaused) {
        this.#isPaused = true
        this.#flow.pause()
      }
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
    this.#resume()
    this.#wake()
  }

  #resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#flow.resume()
  }
}
