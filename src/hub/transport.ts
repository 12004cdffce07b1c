import type { Client } from '@textile/hub'

/** What the SDK's `Client` asks for a way to carry one call: its public extension point. */
export type TransportFactory = NonNullable<Client['rpcOptions']['transport']>

/** What the SDK tells a transport: the call's address, and whom to tell of its progress. */
export type TransportOptions = Parameters<TransportFactory>[0]

/** What the SDK wants of a transport. */
export type Transport = ReturnType<TransportFactory>

/** Headers of a call as the SDK hands them over. */
export type Metadata = Parameters<Transport['start']>[0]

/** Why a call is released before its end: the Hub has not answered by the call's deadline. */
export type ReleaseReason = 'late'

/**
 * The way that one call takes to the Hub.
 *
 * The SDK is told of success only. A call that fails, or is released, leaves the SDK's promise
 * pending for ever, and rejects `failed` instead. That keeps the gRPC status, which the SDK
 * drops, and it keeps the SDK from throwing `Client already closed` outside of any promise, which
 * it does when a signature reaches a call that it knows to have ended.
 */
export interface CallTransport {
  /** For `client.rpcOptions.transport`; carries one call only. */
  readonly factory: TransportFactory
  /** Never fulfils; rejects with a `HubError` when the call fails. Safe to ignore. */
  readonly failed: Promise<never>
  /** Whether the Hub has replied with a message, be it one that is too long to be taken. */
  readonly hasReplied: boolean
  /**
   * Ends the call, if it still runs, and frees what it took of a connection at once. May be called
   * twice.
   *
   * @param reason - says that the Hub has met no deadline, so that its connection is suspect; an
   *   app that leaves says nothing about the Hub
   */
  release(reason?: ReleaseReason): void
}

/** Opens a way for one call. Throws nothing: what goes wrong rejects `failed`. */
export type OpenTransport = () => CallTransport
