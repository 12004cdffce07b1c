import type { CallStatus } from '../grpc/status.js'
import type { ApiKey } from '../keys/api-signature.js'
import type { ReleaseReason } from './transport.js'

/** The Hub, as a login needs it. */
export interface Hub {
  /** The most calls that it takes at a time; any number, or unknown, where missing. */
  readonly capacity?: number
  /**
   * Starts a `GetToken` call: asks the Hub for a challenge to the holder of a public key.
   *
   * @param pubkey - canonical text of the user's public key
   * @param apiKey - the server's own key, with which the call is signed
   * @returns the call, which the caller must release
   */
  requestToken(pubkey: string, apiKey: ApiKey): TokenCall
}

/**
 * One `GetToken` call. Its promises reject with {@link HubError} as soon as the call fails, and
 * need not settle once it is released. Whether they have deadlines is up to the Hub at hand.
 */
export interface TokenCall {
  /** The bytes that the user shall sign; of any length, as the Hub sent them. */
  readonly challenge: Promise<Uint8Array>
  /** Never fulfils; rejects when the call fails, at whatever point. */
  readonly failed: Promise<never>
  /**
   * Sends the signature, once, after the challenge.
   *
   * @returns the Hub's token for the user, as the Hub sent it
   */
  answer(signature: Uint8Array): Promise<string>
  /**
   * Ends the call, if it still runs, and frees its connection at once. May be called twice.
   *
   * @param reason - given where the Hub met no deadline; never because an app left
   */
  release(reason?: ReleaseReason): void
}

/** A call that the Hub failed, or that never reached it. */
export class HubError extends Error {
  override readonly name = 'HubError'
  /** How the Hub ended the call; missing where it ended without a status. */
  readonly status: CallStatus | undefined

  /** @param message - our words for the log; the Hub's own text stays in `status` */
  constructor(message: string, options: { status?: CallStatus; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.status = options.status
  }
}

/** A call that was not made because too many are under way. */
export class HubBusyError extends Error {
  override readonly name = 'HubBusyError'
}
