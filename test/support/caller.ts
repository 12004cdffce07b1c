import type { CallStatus } from '../../src/grpc/status.js'

/** How a call went, as its caller saw it. */
export interface CallRecord {
  readonly status: CallStatus | undefined
  readonly replies: readonly Uint8Array[]
  /** Blocks of headers and trailers. */
  readonly headerBlocks: number
  /** Of the call's WebSocket (1000 where all went well) or HTTP/2 stream (0). */
  readonly closeCode: number | undefined
}

/** What a caller may do. */
export interface Caller {
  send(message: Uint8Array): void
  /** Says that no more will come. */
  end(): void
  /** Leaves without a word. */
  leave(): void
}

/** Makes one call to a Hub's endpoint, without the SDK. */
export type MakeCall = (
  url: string,
  path: string,
  metadata: Iterable<readonly [string, string]>,
  drive: (caller: Caller) => void,
  onReply?: (reply: Uint8Array, caller: Caller) => void,
) => Promise<CallRecord>
