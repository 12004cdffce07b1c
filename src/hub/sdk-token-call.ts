import type { Client } from '@textile/hub'
import { HubError, type TokenCall } from './hub.js'
import type { CallTransport, ReleaseReason } from './transport.js'

/** A `GetToken` call through the SDK's `Client`, its callback unfolded into promises. */
export class SdkTokenCall implements TokenCall {
  readonly challenge: Promise<Uint8Array>
  readonly failed: Promise<never>
  readonly #transport: CallTransport
  readonly #token: Promise<string>
  #sendSignature: (signature: Uint8Array) => void = () => {}
  #isAnswered = false

  /**
   * Starts the call.
   *
   * @param client - a fresh client, whose calls `transport` carries
   * @param pubkey - canonical text of the user's public key
   */
  constructor(client: Client, transport: CallTransport, pubkey: string) {
    this.#transport = transport
    let challenged: (challenge: Uint8Array) => void = () => {}
    const firstChallenge = new Promise<Uint8Array>((resolve) => {
      challenged = resolve
    })
    const signature = new Promise<Uint8Array>((resolve) => {
      this.#sendSignature = resolve
    })
    let isChallenged = false
    const token = client.getTokenChallenge(pubkey, (challenge) => {
      // A Hub that challenges twice must not make the SDK send, and end, twice: it would throw
      // where nothing catches.
      if (isChallenged) return new Promise(() => {})
      isChallenged = true
      challenged(challenge)
      return signature
    })
    this.#token = Promise.race([this.#checked(token), transport.failed])
    this.failed = this.#token.then(() => new Promise<never>(() => {}))
    this.challenge = Promise.race([firstChallenge, this.failed])
    // Whoever drives this call listens to one of these at a time.
    for (const promise of [this.#token, this.failed, this.challenge]) promise.catch(() => {})
  }

  answer(signature: Uint8Array): Promise<string> {
    this.#isAnswered = true
    this.#sendSignature(signature)
    return this.#token
  }

  release(reason?: ReleaseReason): void {
    this.#transport.release(reason)
  }

  /** Makes sure that a token was earned by a signature, and that there is one. */
  async #checked(call: Promise<string>): Promise<string> {
    const token = await call.catch((cause: unknown) => {
      throw new HubError('the Hub replied with garbage', { cause })
    })
    if (!this.#isAnswered) throw new HubError('the Hub ended the call before the signature')
    if (token === '') throw new HubError('the Hub ended the call without a token')
    return token
  }
}
