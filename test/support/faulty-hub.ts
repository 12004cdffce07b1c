import threads from '@textile/threads-client-grpc/threads_pb.js'
import { encodeFrame, MESSAGE_FLAG } from '../../src/grpc/frames.js'

/** One call that reached the faulty Hub, with what it can be told. */
export interface FaultyCall {
  /** The caller's next frame; pends for ever where none comes. */
  receive(): Promise<Buffer>
  /** Waits for the headers and the request with the public key. */
  receiveKey(): Promise<void>
  sendHeaders(): void
  /** Sends bytes where gRPC frames belong. */
  send(...parts: Uint8Array[]): void
  /** Sends response headers and a challenge. */
  challenge(challenge?: Uint8Array): void
  /** Ends the call as a Hub does: with a status, or whatever text stands in its place. */
  end(code: number | string, message?: string): void
  /** Ends the call in due form, but without a status. */
  close(): void
  /** Drops the connection. */
  drop(): void
}

/** What a faulty Hub does with a call. */
export type Script = (call: FaultyCall) => Promise<void>

/** A Hub that does whatever a script tells it. */
export interface FaultyHub {
  readonly url: string
  /** How many calls are connected now. */
  readonly openCalls: number
  close(): Promise<void>
}

/** Starts a faulty Hub on a free port; it ends with the test. */
export type StartFaultyHub = (script: Script) => Promise<FaultyHub>

/** What came and was not received yet. */
export class FrameInbox {
  readonly #frames: Buffer[] = []
  #wake: () => void = () => {}

  push(frame: Buffer): void {
    this.#frames.push(frame)
    this.#wake()
  }

  async receive(): Promise<Buffer> {
    for (;;) {
      const frame = this.#frames.shift()
      if (frame) return frame
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}

export function challengeReply(challenge: Uint8Array): Uint8Array {
  const reply = new threads.GetTokenReply()
  reply.setChallenge(challenge)
  return encodeFrame(MESSAGE_FLAG, reply.serializeBinary())
}

export function tokenReply(token: string): Uint8Array {
  const reply = new threads.GetTokenReply()
  reply.setToken(token)
  return encodeFrame(MESSAGE_FLAG, reply.serializeBinary())
}
