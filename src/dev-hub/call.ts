import { type CallStatus, Status } from '../grpc/status.js'

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
  /** Sends the caller a message: its protobuf bytes. Passed over once the caller has left. */
  reply(message: Uint8Array): void
  /** Waits until the caller has taken what was replied, so that little of it waits in memory. */
  drained(): Promise<void>
  /** Fulfils once the call is over: it has ended, or the caller has left. */
  readonly closed: Promise<void>
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

/** The error of a call whose caller has gone away before its end. */
export function callerLeft(): CallError {
  return new CallError(Status.Cancelled, 'the caller left')
}

/** A call that has ended, for a list of calls: neither whose it was nor what was in it. */
export interface EndedCall {
  /** `/<service>/<method>`, as far as 100 characters of it. */
  readonly path: string
  /** A code of gRPC, 0 to 16, where 0 is success. */
  readonly code: number
  /** How long the method took, in ms. */
  readonly ms: number
}

/** Does what a call asks for. Ends well by returning, and otherwise by throwing a CallError. */
export type Method = (call: HubCall) => Promise<void>
