import { generateKeyPairSync, sign } from 'node:crypto'
import { formatPublicKey } from '../../src/keys/public-key.js'

/** A user's Ed25519 identity, as an app holds it. */
export interface Identity {
  readonly pubkey: string
  sign(message: Uint8Array): Uint8Array
}

/** Makes a random identity. Signs with node:crypto: the SDK's takes milliseconds. */
export function randomIdentity(): Identity {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const { x } = publicKey.export({ format: 'jwk' })
  return {
    pubkey: formatPublicKey(Buffer.from(x ?? '', 'base64url')),
    sign: (message) => sign(null, message, privateKey),
  }
}
