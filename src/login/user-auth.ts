import { toMilliseconds } from '../deadline.js'
import type { ApiKey } from '../hub/api-key.js'
import { createApiSignature } from '../keys/api-signature.js'
import type { UserAuth } from '../protocol.js'

/**
 * Makes what a `UserAuth` has beside the user's token: the key, and a signature of its secret.
 *
 * @param ttl - how long the signature is good, in seconds
 */
export function signUserAuth({ key, secret }: ApiKey, ttl: number): Omit<UserAuth, 'token'> {
  return { key, ...createApiSignature(secret, new Date(Date.now() + toMilliseconds(ttl))) }
}
