import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { formatPublicKey } from '../../keys/public-key.js'

/** The Hub's own identity, in whose name it issues tokens. */
export class TokenIssuer {
  /** Public key of the Hub, canonical text: the `iss` of its tokens. */
  readonly name: string
  readonly #privateKey: KeyObject

  constructor() {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    const { x = '' } = publicKey.export({ format: 'jwk' })
    this.name = formatPublicKey(Buffer.from(x, 'base64url'))
    this.#privateKey = privateKey
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

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}
