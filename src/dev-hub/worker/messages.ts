import type { RunningHub } from '../hub.js'
import type { StateOptions } from '../state.js'

/** What a Hub in a thread of its own is started with: what can be handed to another thread. */
export interface ThreadOptions extends Pick<StateOptions, 'dataDir' | 'reset' | 'seed'> {
  /** TCP port of the gRPC-web endpoint; 0 takes a free one. */
  readonly port: number
  /** TCP port of the native gRPC endpoint; 0 takes a free one. */
  readonly grpcPort: number
}

/** What the Hub's thread tells the one that started it. */
export type FromHub =
  /** It runs. */
  | ({ readonly kind: 'running' } & Omit<RunningHub, 'close'>)
  /** It can't run; the error's own fields that the start needs. */
  | { readonly kind: 'failed'; readonly error: StartError }
  /** Something inside of it went wrong; it runs on. */
  | { readonly kind: 'fault'; readonly path: string; readonly text: string }

/** An error of the start, as it crosses to another thread. */
export interface StartError {
  readonly name: string
  readonly message: string
  /** The system's code and the port that it is about. */
  readonly code?: string
  readonly port?: number
}

/** What the thread is told: to stop. */
export const STOP = 'stop'
