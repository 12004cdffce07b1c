import { type ApiSignature, createApiSignature } from '../keys/api-signature.js'

/** The server's own key at the Hub. */
export interface ApiKey {
  /** The key: multibase base32 of 16 bytes. Apps get to see it. */
  readonly key: string
  /** The secret's bytes, after multibase decoding. Nobody gets to see it. */
  readonly secret: Uint8Array
}

/**
 * How long the signature of the server's own calls to the Hub is good, in seconds: long enough
 * for clocks that differ by minutes, since the Hub looks at it once, when a call starts.
 */
const CALL_SIGNATURE_TTL = 300

/** Makes the API signature for one call of the server's own. */
export function signCall({ secret }: ApiKey): ApiSignature {
  return createApiSignature(secret, new Date(Date.now() + CALL_SIGNATURE_TTL * 1000))
}
