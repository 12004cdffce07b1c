import { PrivateKey } from '@textile/hub'

const NAME = 'notes identity'

/**
 * The identity that this browser keeps, or a new one. Whoever reads this entry is the user: a
 * real app lets its users export it, or derives it from their wallet.
 */
export function keptIdentity(): PrivateKey {
  const kept = localStorage.getItem(NAME)
  if (kept !== null) return PrivateKey.fromString(kept)
  const identity = PrivateKey.fromRandom()
  localStorage.setItem(NAME, identity.toString())
  return identity
}
