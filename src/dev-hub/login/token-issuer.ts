import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto'
import { formatPublicKey } from '../../keys/public-key.js'

/** The Hub's own identity, in whose name it issues tokens. */
export class TokenIssuer {
  /** Public key of the Hub, canonical text: the `iss` of its tokens. */
  readonly name: string
  readonly #privateKey: KeyObject

  /** @param privateKey - an Ed25519 key in PKCS #8, DER */
  constructor(privateKey: Uint8Array) {
    const key = Buffer.from(privateKey)
    this.#privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' })
    const { x = '' } = createPublicKey(this.#privateKey).export({ format: 'jwk' })
    this.name = formatPublicKey(Buffer.from(x, 'base64url'))
  }

  /**
   * Issues a token, which never expires.
   *
   * @param sub - public key of the user whom it speaks for, canonical text
   */
  issue(sub: string): string {
    const header = encode({ alg: 'Ed25519', typ: 'JWT' })
    const claims = encode({ iat: Math.floor(Date.now() / 1000), iss: this.name, sub })
    const signed = `${header}.${claims}`
    return `${signed}.${sign(null, Buffer.from(signed), this.#privateKey).toString('base64url')}`
  }
}

/** Makes the private key of a new Hub, in PKCS #8, DER. */
export function createIssuerKey(): Uint8Array {
  return generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' })
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}
