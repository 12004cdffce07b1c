import Emittery from 'emittery'
import { ErrorCode } from '../protocol.js'
import type { LoginApp } from './login.js'
import { LoginFailure } from './login-failure.js'

/** Emittery prints what it carries when `DEBUG` names it or is `*`. A signature isn't printed. */
const NO_DEBUG_OUTPUT = { debug: { name: 'login', enabled: false, logger: () => {} } }

/** The app of a running login: takes the app's messages in, hands them to the login. */
export class AppSide implements LoginApp {
  readonly interrupted: Promise<never>
  readonly #sendChallenge: (challenge: Uint8Array) => void
  /** Carries the app's signature to the login that waits for it. */
  readonly #replies = new Emittery<{ signature: Uint8Array }>(NO_DEBUG_OUTPUT)
  #isWaitingForSignature = false
  #interrupt: (reason: Error) => void = () => {}

  /** @param sendChallenge - sends the Hub's challenge to the app */
  constructor(sendChallenge: (challenge: Uint8Array) => void) {
    this.#sendChallenge = sendChallenge
    this.interrupted = new Promise((_, reject) => {
      this.#interrupt = reject
    })
    this.interrupted.catch(() => {})
  }

  sign(challenge: Uint8Array): Promise<Uint8Array> {
    const signature = this.#replies.once('signature')
    this.#isWaitingForSignature = true
    this.#sendChallenge(challenge)
    return signature
  }

  /**
   * Takes the app's signature of the challenge. A challenge takes one, right or wrong.
   *
   * @throws LoginFailure `no_challenge` where no challenge waits for a signature
   */
  takeSignature(signature: Uint8Array): void {
    if (!this.#isWaitingForSignature) throw new LoginFailure(ErrorCode.NoChallenge)
    this.#isWaitingForSignature = false
    void this.#replies.emit('signature', signature)
  }

  /** Ends the login at once, wherever it stands, for the reason given. */
  interrupt(reason: Error): void {
    this.#interrupt(reason)
  }
}
