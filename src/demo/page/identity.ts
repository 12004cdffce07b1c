import { PrivateKey } from '@textile/hub'
import { parseIdentity } from '../identity.js'

/** Where the browser keeps the identity's private key. */
const STORAGE_KEY = 'textile-userauth identity'

/** The identity that this browser keeps, or a new one where it keeps none that can be read. */
export function keptIdentity(): PrivateKey {
  return parseIdentity(localStorage.getItem(STORAGE_KEY) ?? '') ?? newIdentity()
}

/** Makes a new identity and keeps it in place of the old one. */
export function newIdentity(): PrivateKey {
  return keep(PrivateKey.fromRandom())
}

/**
 * Keeps the identity with a private key brought in from elsewhere.
 *
 * @returns the identity, or `undefined` where the text is no private key
 */
export function importIdentity(text: string): PrivateKey | undefined {
  const identity = parseIdentity(text)
  return identity && keep(identity)
}

function keep(identity: PrivateKey): PrivateKey {
  localStorage.setItem(STORAGE_KEY, identity.toString())
  return identity
}
