import { type CallStatus, Status } from '../grpc/status.js'

/** How much may wait to be sent to a caller before a method that sends much waits, in bytes. */
export const MAX_UNSENT_BYTES = 1024 * 1024

/** One call as a method sees it, whichever endpoint it came through. */
export interface HubCall {
  /** The caller's headers: names in lower case. */
  readonly metadata: ReadonlyMap<string, string>
  /**
   * Waits for the caller's next message.
   *
   * @returns its protobuf bytes, or `undefined` once the caller will send no more
   * @throws CallError where the caller breaks the protocol or goes away
   */
  receive(): Promise<Uint8Array | undefined>
  /** Sends the caller a message: its protobuf bytes. */
  reply(message: Uint8Array): void
  /**
   * Waits until the caller has taken most of what was sent: for methods that send much.
   *
   * @throws CallError where the caller has gone away
   */
  drained(): Promise<void>
}

/** Ends a call with a status other than success. */
export class CallError extends Error {
  override readonly name = 'CallError'
  readonly status: CallStatus

  /**
   * @param code - a code of gRPC
   * @param message - what the caller is told
   */
  constructor(code: number, message: string) {
    super(message)
    this.status = { code, message }
  }
}

/** The error of a call whose caller has gone away. */
export function callerLeft(): CallError {
  return new CallError(Status.Cancelled, 'the caller left')
}

/** Does what a call asks for. Ends well by returning, and otherwise by throwing a CallError. */
export type Method = (call: HubCall) => Promise<void>
