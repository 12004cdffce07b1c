/** That a user is kept out, since when and why. */
export interface Block {
  /** The operator's words. Any text: whoever prints it has to make it fit to print. */
  readonly reason: string
  readonly since: Date
}

/** A user: whoever holds the private key of a public key. */
export interface User {
  /** Canonical text of the Ed25519 public key. */
  readonly pubkey: string
  /** When the first login was recorded; missing where the key was blocked before any. */
  readonly firstSeen: Date | undefined
  /** When the last login or renewal was recorded; missing where `firstSeen` is. */
  readonly lastSeen: Date | undefined
  /** How many logins were recorded. Those of a blocked user are not. */
  readonly logins: number
  /** How many renewals were recorded: at most one a minute. */
  readonly renewals: number
  /** The number that the user's sessions have: how often all of them were ended. */
  readonly session: number
  /** Missing where the user may log in. */
  readonly block: Block | undefined
}

/** What decides on the renewal of a user's session. */
export interface RenewingUser {
  readonly isBlocked: boolean
  /** The number that the user's sessions have. */
  readonly session: number
}

/** A part of the list of users. */
export interface Page {
  /** The most users to return, at least 1. */
  readonly limit: number
  /** The public key that the part begins behind; the list begins where it is missing. */
  readonly after?: string | undefined
}

/**
 * What is known of the users. Every time is by the clock of the store, which its users share.
 *
 * Whatever it returns has been committed. Every method rejects with a UserStoreError where the
 * store fails or takes too long; what was to be written may have been written all the same. Public
 * keys are taken as they are: to check them is the caller's part.
 */
export interface UserStore {
  /**
   * Records a login, unless the user is blocked: a blocked user's tries change nothing. To look
   * for the block and to record are one step, so no login is recorded once `block` has returned.
   *
   * @returns the user, who may log in if `block` is missing
   */
  recordLogin(pubkey: string): Promise<User>

  /**
   * Looks up a user whose session is renewed. The renewal is recorded unless the user was seen less
   * than a minute ago, is blocked, or has sessions of another number: most renewals only read.
   *
   * @param session - the number of the session
   * @returns the user as found, or `undefined` where the store has none such
   */
  recordRenewal(pubkey: string, session: number): Promise<RenewingUser | undefined>

  /** Looks a user up. */
  find(pubkey: string): Promise<User | undefined>

  /** Lists users by public key: an order that logins don't change while someone turns pages. */
  list(page: Page): Promise<User[]>

  /**
   * Keeps a user out. The key need not have been seen: it may be known from elsewhere. Blocking
   * again replaces the reason, and leaves the time.
   */
  block(pubkey: string, reason: string): Promise<User>

  /** Lets a user in again. @returns the user, or `undefined` where the store has none such */
  unblock(pubkey: string): Promise<User | undefined>

  /**
   * Ends all sessions of a user, who may log in again. The key need not have been seen: servers with
   * other stores may have let it in. No session is renewed once this has returned.
   */
  signOut(pubkey: string): Promise<User>

  /** Lets go of the store. Call it once, when nothing else is under way. */
  close(): Promise<void>
}

/** The store has failed; `cause` says how. */
export class UserStoreError extends Error {
  override readonly name = 'UserStoreError'

  constructor(cause: unknown) {
    super('the store of the users has failed', { cause })
  }
}
