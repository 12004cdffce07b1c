/** Somebody who has proven to hold an identity key, and where they come from. */
export interface Visitor {
  /** Canonical text of the user's Ed25519 public key. */
  readonly pubkey: string
  /**
   * The client's address, as it is counted: IPv4, the first 64 bits of IPv6 as a range, or
   * `unknown` where it has gone already.
   */
  readonly address: string
  /** The origin of the app's page; missing where the app is no browser's. */
  readonly origin: string | undefined
}

/** The most that a reason may have, in characters as JavaScript counts them. */
export const MAX_REASON_LENGTH = 200

/** Whether a visitor may come in. */
export type Decision =
  | { readonly allow: true }
  /** `reason` is shown to the user: at most 200 characters; words of the server's where missing. */
  | { readonly allow: false; readonly reason?: string | undefined }

/**
 * Decides on a visitor, after the proof of possession and before credentials leave. To throw, or
 * to return anything but a decision, fails the login.
 *
 * @param signal - aborts when the decision comes too late
 */
export type Authorize = (visitor: Visitor, signal: AbortSignal) => Promise<Decision>
