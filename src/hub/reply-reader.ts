import { type Frame, FrameError, FrameReader, MESSAGE_FLAG } from '../grpc/frames.js'
import { HubError } from './hub.js'

/** The most that a Hub may reply to one call, in bytes: a login's replies have less than 1 kB. */
export const MAX_REPLY_BYTES = 64 * 1024

/** The most frames in the replies to one call: a login's has two messages, and headers by gRPC-web. */
const MAX_REPLY_FRAMES = 16

/** Reads what a Hub replies to one call, within bounds. */
export class ReplyReader {
  readonly #frames = new FrameReader(MAX_REPLY_BYTES)
  #receivedBytes = 0
  #receivedFrames = 0
  #hasMessage = false

  /** Whether anything has come. */
  get isEmpty(): boolean {
    return this.#receivedBytes === 0
  }

  /** Whether a message has come, or one that is too long was announced. */
  get hasMessage(): boolean {
    return this.#hasMessage
  }

  /** Whether the bytes so far end inside a frame. */
  get isInsideFrame(): boolean {
    return this.#frames.isInsideFrame
  }

  /**
   * Takes the next bytes, cut anywhere.
   *
   * @returns the frames that they complete, in order
   * @throws HubError where they are no frames, or too much
   */
  push(chunk: Uint8Array): Frame[] {
    this.#receivedBytes += chunk.length
    try {
      const frames = this.#frames.push(chunk)
      if (frames.some(({ flag }) => flag === MESSAGE_FLAG)) this.#hasMessage = true
      this.#receivedFrames += frames.length
      if (this.#receivedBytes <= MAX_REPLY_BYTES && this.#receivedFrames <= MAX_REPLY_FRAMES) {
        return frames
      }
    } catch (cause) {
      if (!(cause instanceof FrameError) || cause.flag === undefined) {
        throw asHubError(cause)
      }
      if (cause.flag === MESSAGE_FLAG) this.#hasMessage = true
    }
    throw new HubError('the Hub replied too much')
  }

  /** Makes the error for a Hub that sent more at once than a whole reply may have. */
  refuseRest(): HubError {
    this.#hasMessage = true
    return new HubError('the Hub replied too much')
  }
}

/** Makes an error of the Hub's from whatever was thrown over what it replied. */
export function asHubError(error: unknown): HubError {
  if (error instanceof HubError) return error
  return new HubError('the Hub replied with garbage', { cause: error })
}
