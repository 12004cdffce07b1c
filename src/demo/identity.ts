import { PrivateKey } from '@textile/hub'

/**
 * Reads an identity from the text of `PrivateKey.toString()`, white space around it aside.
 *
 * @returns the identity, or `undefined` where the text is no private key
 */
export function parseIdentity(text: string): PrivateKey | undefined {
  try {
    const identity = PrivateKey.fromString(text.trim())
    // The SDK takes the text of a public key too, and makes of it an identity that anyone who has
    // seen the public key could make as well. The text that it writes itself tells them apart.
    return identity.toString() === text.trim() ? identity : undefined
  } catch {
    return undefined
  }
}
