import Emittery from 'emittery'
import type { PendingLogin, PendingLogins } from './pending-logins.js'

/** Emittery prints what it carries when `DEBUG` names it or is `*`. A signature isn't printed. */
const NO_DEBUG_OUTPUT = { debug: { name: 'login', enabled: false, logger: () => {} } }

/** A login that runs on a socket: what stops it, and the way of the app's signature into it. */
export class RunningLogin implements PendingLogin {
  readonly address: string
  readonly #pendingLogins: PendingLogins
  /** Carries the app's signature into the call at the Hub that waits for it. */
  readonly #replies = new Emittery<{ signature: Uint8Array }>(NO_DEBUG_OUTPUT)
  readonly #controller = new AbortController()
  #isChallenged = false

  /**
   * @param address - the client's address, as it is counted
   * @param pendingLogins - where the login counts while it waits for the signature
   */
  constructor(address: string, pendingLogins: PendingLogins) {
    this.address = address
    this.#pendingLogins = pendingLogins
  }

  /** Aborts once the login is to stop, with the reason for it. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  abort(reason: Error): void {
    this.#controller.abort(reason)
  }

  /**
   * Challenges the app.
   *
   * @param send - sends the challenge
   * @returns the app's signature, of whatever length
   */
  challenge(send: () => void): Promise<Uint8Array> {
    const signature = this.#replies.once('signature')
    this.#isChallenged = true
    this.#pendingLogins.add(this)
    send()
    return signature
  }

  /**
   * Takes the app's signature. A challenge takes one, right or wrong.
   *
   * @returns whether a challenge waited for it
   */
  takeSignature(signature: Uint8Array): boolean {
    if (!this.#isChallenged) return false
    this.endChallenge()
    this.#replies.emit('signature', signature).catch(() => {})
    return true
  }

  /** No signature is waited for any more. */
  endChallenge(): void {
    this.#isChallenged = false
    this.#pendingLogins.delete(this)
  }
}
