import { createHmac, hkdfSync } from 'node:crypto'

/** The key of renewals, as PROTOCOL.md says that it is derived from an API secret. */
export function renewalKey(secret: Uint8Array, label = 'textile-userauth renewal 1'): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', label, 32))
}

/**
 * Writes a JWT by hand, so that a test can write a wrong one.
 *
 * @param sign - makes the signature of the first two parts
 */
export function writeJwt(header: object, claims: object, sign: (input: string) => Buffer): string {
  const input = [header, claims].map(encode).join('.')
  return `${input}.${sign(input).toString('base64url')}`
}

/** Signs as HS256, HS384 or HS512 demands. */
export function hmac(bits: 256 | 384 | 512, key: Uint8Array): (input: string) => Buffer {
  return (input) => createHmac(`sha${bits}`, key).update(input).digest()
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}
