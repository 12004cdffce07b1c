import Emittery from 'emittery'
import type { LoginApp } from './login.js'
import type { Waiting, WaitingRoom } from './pending-logins.js'

/** Emittery prints what it carries when `DEBUG` names it or is `*`. A signature isn't printed. */
const NO_DEBUG_OUTPUT = { debug: { name: 'login', enabled: false, logger: () => {} } }

/** The app of a running login: takes the app's messages in, hands them to the login. */
export class AppSide implements LoginApp, Waiting {
  /** The client's address, as it is counted. */
  readonly address: string
  readonly origin: string | undefined
  readonly interrupted: Promise<never>
  readonly #waitingRoom: WaitingRoom
  readonly #sendChallenge: (challenge: Uint8Array) => void
  /** Carries the app's signature to the login that waits for it. */
  readonly #replies = new Emittery<{ signature: Uint8Array }>(NO_DEBUG_OUTPUT)
  #isWaitingForSignature = false
  #interrupt: (reason: Error) => void = () => {}

  /**
   * @param whence - where the app comes from
   * @param waitingRoom - where the login has a place while it waits for the signature
   * @param sendChallenge - sends the Hub's challenge to the app
   */
  constructor(
    whence: { readonly address: string; readonly origin: string | undefined },
    waitingRoom: WaitingRoom,
    sendChallenge: (challenge: Uint8Array) => void,
  ) {
    this.address = whence.address
    this.origin = whence.origin
    this.#waitingRoom = waitingRoom
    this.#sendChallenge = sendChallenge
    this.interrupted = new Promise((_, reject) => {
      this.#interrupt = reject
    })
    this.interrupted.catch(() => {})
  }

  sign(challenge: Uint8Array): Promise<Uint8Array> {
    const signature = this.#replies.once('signature')
    this.#isWaitingForSignature = true
    this.#waitingRoom.enter(this)
    this.#sendChallenge(challenge)
    return signature
  }

  /**
   * Takes the app's signature of the challenge. A challenge takes one, right or wrong.
   *
   * @returns whether a challenge waited for it
   */
  takeSignature(signature: Uint8Array): boolean {
    if (!this.#isWaitingForSignature) return false
    this.end()
    void this.#replies.emit('signature', signature)
    return true
  }

  /** Ends the login at once, wherever it stands, for the reason given. */
  interrupt(reason: Error): void {
    this.#interrupt(reason)
  }

  /** No signature is waited for any more. */
  end(): void {
    this.#isWaitingForSignature = false
    this.#waitingRoom.leave(this)
  }
}
