import { generateKeyPairSync, sign } from 'node:crypto'
import { formatPublicKey } from '../../src/keys/public-key.js'

/** A real identity, with the key in `node:crypto`, that keeps what it was asked to sign. */
export class Ed25519Identity {
  /** Everything that it was asked to sign, in order. */
  readonly asked: Uint8Array[] = []
  readonly public: { toString(): string }
  readonly #privateKey

  constructor() {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    const pubkey = formatPublicKey(
      Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'),
    )
    this.public = { toString: () => pubkey }
    this.#privateKey = privateKey
  }

  async sign(bytes: Uint8Array): Promise<Uint8Array> {
    this.asked.push(bytes)
    return sign(null, bytes, this.#privateKey)
  }
}
