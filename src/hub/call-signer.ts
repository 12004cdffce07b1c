import { type ApiSignature, createApiSignature } from '../keys/api-signature.js'
import type { ApiKey } from './api-key.js'

/**
 * How long the signature of the server's own calls to the Hub is good, in ms: long enough for
 * clocks that differ by minutes, since the Hub looks at it once, when a call starts.
 */
const LIFE_MS = 300_000

/** For how much of its life a signature is used, in ms. To make one is dear beside a call. */
const USE_MS = 60_000

/** What the server's own calls to the Hub carry. */
export interface SignedKey extends ApiSignature {
  readonly key: string
}

/** Signs the server's own calls to the Hub. */
export class CallSigner {
  readonly #apiKey: ApiKey
  #signed: SignedKey | undefined
  #expires = 0

  constructor(apiKey: ApiKey) {
    this.#apiKey = apiKey
  }

  /** The key with a signature that is good for four minutes at least. */
  sign(): SignedKey {
    const left = this.#expires - Date.now()
    // More than a whole life is left where the clock was set back.
    if (!this.#signed || left <= LIFE_MS - USE_MS || left > LIFE_MS) {
      const { key, secret } = this.#apiKey
      this.#expires = Date.now() + LIFE_MS
      this.#signed = { key, ...createApiSignature(secret, new Date(this.#expires)) }
    }
    return this.#signed
  }
}
