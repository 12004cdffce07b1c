import { createHmac } from 'node:crypto'
import { base32 } from 'multiformats/bases/base32'
import { toMilliseconds } from '../deadline.js'
import type { ApiAuth } from '../protocol.js'

/** An API key of a Hub's, such as the server's own. */
export interface ApiKey {
  /** The key: multibase base32 of 16 bytes. Apps get to see it. */
  readonly key: string
  /** The secret's bytes, after multibase decoding. Nobody gets to see it. */
  readonly secret: Uint8Array
}

/** Proof that its maker holds an API secret, valid until the instant that `msg` names. */
export interface ApiSignature {
  /** Multibase base32 of the HMAC-SHA256 of `msg`, 53 characters. */
  readonly sig: string
  /** The instant at which it expires: RFC 3339 in UTC. */
  readonly msg: string
}

/**
 * Signs a message as the Hub's API expects: HMAC-SHA256 under the decoded secret.
 *
 * @param secret - the bytes of the API secret, after multibase decoding
 * @param msg - the instant at which the signature expires: RFC 3339 in UTC
 * @returns multibase base32, 53 characters
 */
export function signApiMessage(secret: Uint8Array, msg: string): string {
  return base32.encode(createHmac('sha256', secret).update(msg).digest())
}

/**
 * Makes the API signature that a Hub accepts until `expires`.
 *
 * @param secret - the bytes of the API secret, after multibase decoding
 */
export function createApiSignature(secret: Uint8Array, expires: Date): ApiSignature {
  const msg = expires.toISOString()
  return { sig: signApiMessage(secret, msg), msg }
}

/**
 * Makes what a `UserAuth` has beside the user's token: the key, and a signature of its secret.
 *
 * @param ttl - how long the signature is valid, in seconds
 */
export function signUserAuth({ key, secret }: ApiKey, ttl: number): ApiAuth {
  return { key, ...createApiSignature(secret, new Date(Date.now() + toMilliseconds(ttl))) }
}
