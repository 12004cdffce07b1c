import { createPublicKey, verify } from 'node:crypto'
import { base32 } from 'multiformats/bases/base32'
import { decodeMultibase } from './multibase.js'

/**
 * How the libp2p protobuf message `PublicKey` of an Ed25519 key starts:
 * field 1 (`Type`) is 1, and field 2 (`Data`) holds 32 bytes.
 */
const ED25519_PREFIX = Uint8Array.of(0x08, 0x01, 0x12, 0x20)

/** The canonical text of 36 bytes in multibase base32: lower case, 1 + 58 characters. */
const CANONICAL_TEXT = /^b[a-z2-7]{58}$/

/** How many bytes an Ed25519 public key has. */
const KEY_BYTES = 32

/**
 * The y coordinates of the eight points of small order, with the sign bit off, in every encoding
 * (RFC 8032, 5.1.2): also those not reduced. Under such a key some signatures that anyone can make
 * verify, so nobody holds it.
 */
const SMALL_ORDER_Y = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
]

/** Their texts, with either sign. */
const SMALL_ORDER_TEXTS = new Set(SMALL_ORDER_Y.flatMap(withEitherSign).map(formatPublicKey))

/**
 * Reads the text of an Ed25519 public key as a Hub writes it into tokens.
 *
 * Only the canonical spelling passes. A Hub also takes the same key in upper case, and in base32
 * whose last character carries surplus bits; accepting those would give one user several names.
 * Keys of small order don't pass either: anyone can log in as their holder.
 *
 * @param text - multibase base32, 59 characters, such as `bbaareid…`
 * @returns the 32 bytes of the key, or `undefined` where the text is anything else
 */
export function parsePublicKey(text: string): Uint8Array | undefined {
  if (!CANONICAL_TEXT.test(text) || SMALL_ORDER_TEXTS.has(text)) return undefined
  try {
    return readPublicKey(base32.decode(text))
  } catch {
    // Decoding refuses surplus bits.
    return undefined
  }
}

/**
 * Reads the text of an Ed25519 public key in any multibase, as a Hub takes it.
 *
 * @returns the 32 bytes of the key, or `undefined` where the text is anything else
 */
export function decodePublicKey(text: string): Uint8Array | undefined {
  const bytes = decodeMultibase(text)
  return bytes && readPublicKey(bytes)
}

/**
 * Reads an Ed25519 public key from its libp2p protobuf message.
 *
 * @param bytes - 36 bytes: a prefix of four, then the key
 * @returns the 32 bytes of the key, or `undefined` where the bytes are anything else
 */
function readPublicKey(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length !== ED25519_PREFIX.length + KEY_BYTES) return undefined
  if (!ED25519_PREFIX.every((byte, index) => bytes[index] === byte)) return undefined
  return bytes.subarray(ED25519_PREFIX.length)
}

/**
 * Writes an Ed25519 public key in its canonical spelling.
 *
 * @param key - the 32 bytes of the key
 * @throws RangeError where `key` does not have 32 bytes
 */
export function formatPublicKey(key: Uint8Array): string {
  if (key.length !== KEY_BYTES) throw new RangeError('an Ed25519 public key has 32 bytes')
  return base32.encode(Uint8Array.of(...ED25519_PREFIX, ...key))
}

/** The encodings of the points with a y coordinate: the sign of x is the highest bit. */
function withEitherSign(y: string): [even: Uint8Array, odd: Uint8Array] {
  const [even, odd] = [Buffer.from(y, 'hex'), Buffer.from(y, 'hex')]
  odd.writeUInt8(odd.readUInt8(KEY_BYTES - 1) | 0x80, KEY_BYTES - 1)
  return [even, odd]
}

/**
 * Tells whether a signature is the key's over these very bytes.
 *
 * @param pubkey - canonical text of the Ed25519 public key; any other text verifies nothing
 * @param message - the signed bytes, unhashed
 * @param signature - 64 bytes; any other length verifies nothing
 */
export function verifySignature(
  pubkey: string,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const raw = parsePublicKey(pubkey)
  if (!raw) return false
  // Of the ways into node:crypto, a JWK is the cheapest to import: an eighth of the cost of DER.
  const key = createPublicKey({
    format: 'jwk',
    key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(raw).toString('base64url') },
  })
  return verify(null, message, key, signature)
}
