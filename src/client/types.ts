import type { UserAuth } from '../protocol.js'

/**
 * Whoever logs in: a `PrivateKey` of `@textile/hub`, or a wallet that keeps the key to itself.
 */
export interface Identity {
  /** The public key, whose text is multibase base32 such as `bbaareif…`. */
  readonly public: { toString(): string }
  /**
   * Signs bytes with the identity's Ed25519 key.
   *
   * @param bytes - the Hub's challenge: 32 bytes, to be signed as they are
   * @returns the signature: 64 bytes
   */
  sign(bytes: Uint8Array): Promise<Uint8Array> | Uint8Array
}

/** How to log in. Everything has a default. */
export interface LoginOptions {
  /**
   * Address of the login server: `ws:` or `wss:`, without a fragment. By default
   * `/ws/userauth` on the page's own host, with `wss:` on an `https:` page.
   */
  readonly url?: string | undefined
  /** The most that a login may take, all its attempts together. In seconds, by default 60. */
  readonly timeout?: number | undefined
  /**
   * How many attempts may follow the first one, by default 4. An identity that asks its owner
   * before it signs asks again at each; `0` makes one attempt only.
   */
  readonly retries?: number | undefined
  /**
   * The most that an attempt may wait for the server to accept its socket, or to answer a renewal.
   * In seconds, by default 10.
   */
  readonly connectTimeout?: number | undefined
  /**
   * Address at which the server renews API signatures: `http:` or `https:`. By default that of
   * `url`, with `http` in place of `ws` and the path `/api/userauth/renewal`. `false` renews
   * nothing, so that each login is a whole one.
   */
  readonly renewalUrl?: string | false | undefined
  /**
   * Where the session outlives a reload of the page, such as `sessionStorage`; by default nowhere.
   * What is stored there has the Hub's token, which never expires: whoever reads it is the user.
   */
  readonly storage?: StorageLike | undefined
  /** Aborts the login that runs, for all who wait for it, and every later one. */
  readonly signal?: AbortSignalLike | undefined
  /** The class of sockets. By default the runtime's own, and in Node.js that of `ws` if installed. */
  readonly WebSocket?: WebSocketConstructor | undefined
  /**
   * Called at each step of each login, at once and in order, for progress displays. What it
   * throws ends the login, whose promise rejects with it.
   */
  readonly onStep?: ((step: LoginStep) => void) | undefined
}

/**
 * A moment of a login. None carries a secret.
 *
 * | step | whose doing | what has happened |
 * |---|---|---|
 * | `renewing` | app | it asks to renew the API signature, where there was a login before |
 * | `renewed` | server | it has sent a new API signature: the last step of such a login |
 * | `kept` | app | the server could not renew, so the `UserAuth` is used while it lasts: likewise |
 * | `connecting` | app | it opens a socket |
 * | `connected` | server | it has accepted the socket |
 * | `requested` | app | it has sent its public key |
 * | `challenged` | server | it has sent the Hub's challenge |
 * | `signed` | app | the identity has signed the challenge, and the signature is sent |
 * | `token` | server | it has sent the `UserAuth` |
 * | `retrying` | app | the attempt has failed, and another one follows in `wait` ms |
 * | `failed` | either | the login has failed for good: the last step of such a login |
 */
export type LoginStep = {
  /** Which attempt of this login it belongs to, from 1. */
  readonly attempt: number
  /** Milliseconds since this login began, on a clock that only runs forward. */
  readonly at: number
} & StepEvent

/** What is told of a step apart from attempt and time. `code` is that of the `LoginError`. */
export type StepEvent =
  | {
      readonly step:
        | 'renewing'
        | 'renewed'
        | 'kept'
        | 'connecting'
        | 'connected'
        | 'requested'
        | 'challenged'
        | 'signed'
        | 'token'
    }
  | { readonly step: 'retrying'; readonly code: string; readonly wait: number }
  | { readonly step: 'failed'; readonly code: string }

/**
 * Logs in where needed: the callback that `Client.withUserAuth` and `Buckets.withUserAuth` take.
 * Calls made while it runs share one login; its result serves later calls until a tenth of its life
 * is left, or 30 s if that is less. After that the API signature is renewed, without the Hub and
 * without the identity, as long as the server allows. Where that fails, it is a whole login again.
 *
 * It rejects with a `LoginError`; a failure is not kept, so the next call starts anew.
 */
export interface LogIn {
  (): Promise<UserAuth>
  /**
   * Signs this identity out here: forgets the `UserAuth` and the session, in memory and in
   * `storage`. A login that runs is not stored. What was handed out goes on working until it expires.
   */
  forget(): void
  /**
   * Forgets likewise, and logs in: for a `UserAuth` that the Hub has refused. Calls made while such
   * a login runs share it.
   */
  refresh(): Promise<UserAuth>
}

/**
 * Makes the function that logs in.
 *
 * @param identity - whoever logs in
 * @param options - where and how
 * @throws TypeError or RangeError, at once, naming the argument or option that is wrong
 */
export type LoginWithChallenge = (identity: Identity, options?: LoginOptions) => LogIn

/** As much of a `WebSocket` as a login needs: browsers' own, that of `ws`, and others have it. */
export interface WebSocketLike {
  addEventListener(type: 'open' | 'close', listener: () => void): void
  addEventListener(type: 'error', listener: (event: object) => void): void
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
  send(text: string): void
  close(): void
}

/** Opens a socket to a `ws:` or `wss:` address. */
export type WebSocketConstructor = new (url: string) => WebSocketLike

/** As much of an `AbortSignal` as a login needs. */
export interface AbortSignalLike {
  readonly aborted: boolean
  readonly reason?: unknown
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** As much of a `Storage` as a session needs. */
export interface StorageLike {
  getItem(name: string): string | null
  setItem(name: string, value: string): void
  removeItem(name: string): void
}
