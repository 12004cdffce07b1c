import { z } from 'zod'

/** A user who logs in, or renews: the identity key, and where its holder comes from. */
export interface LoginUser {
  /** Canonical text of the user's Ed25519 public key. */
  readonly pubkey: string
  /**
   * The client's address, as it is counted: IPv4, the first 64 bits of IPv6 as a range, or
   * `unknown` where it has gone already.
   */
  readonly address: string
  /** The origin of the app's page; missing where the app is no browser's. */
  readonly origin: string | undefined
  /** Whether a session is renewed, and none begun: the user has logged in before. */
  readonly renewal: boolean
}

/** The most that a reason may have, in characters as JavaScript counts them. */
export const MAX_REASON_LENGTH = 200

/** Whether a user may log in, or go on with a session. */
export type Decision =
  | { readonly allow: true }
  /** `reason` is shown to the user: at most 200 characters; words of the server's where missing. */
  | { readonly allow: false; readonly reason?: string | undefined }

/**
 * Decides on a user, after the proof of possession and before credentials leave: at each login, and
 * at each renewal of its session. To throw, or to return anything but a decision, fails either.
 *
 * @param signal - aborts when the decision comes too late
 */
export type Authorize = (user: LoginUser, signal: AbortSignal) => Promise<Decision>

const decision = z.union([
  z.object({ allow: z.literal(true) }),
  z.object({ allow: z.literal(false), reason: z.string().max(MAX_REASON_LENGTH).optional() }),
])

/**
 * Reads a decision of somebody else's.
 *
 * @returns `undefined` where the value is no decision
 */
export function readDecision(value: unknown): Decision | undefined {
  return decision.safeParse(value).data
}
