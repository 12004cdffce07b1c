import { randomIdentity } from './identity.js'

/** A real identity, as the client takes one, that keeps what it was asked to sign. */
export class Ed25519Identity {
  /** Everything that it was asked to sign, in order. */
  readonly asked: Uint8Array[] = []
  readonly #identity = randomIdentity()
  readonly public = { toString: () => this.#identity.pubkey }

  async sign(bytes: Uint8Array): Promise<Uint8Array> {
    this.asked.push(bytes)
    return this.#identity.sign(bytes)
  }
}
