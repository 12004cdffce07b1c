import { createAPISig, PrivateKey, PublicKey } from '@textile/hub'
import { describe, expect, it } from 'vitest'
import { createApiSignature } from '../../src/keys/api-signature.js'
import { decodeMultibase } from '../../src/keys/multibase.js'
import { formatPublicKey, parsePublicKey, verifySignature } from '../../src/keys/public-key.js'
import { readTokenClaims, verifyToken } from '../../src/keys/token.js'
import { smallOrderKeys } from '../support/small-order.js'

describe('a public key', () => {
  it("is read and written as the SDK's", async () => {
    const identity = PrivateKey.fromRandom()
    const text = identity.public.toString()
    const raw = parsePublicKey(text)
    expect(Buffer.from(raw ?? [])).toEqual(Buffer.from(identity.pubKey))
    expect(formatPublicKey(identity.pubKey)).toBe(text)
    const message = Buffer.from('message')
    const signature = await identity.sign(message)
    expect(verifySignature(text, message, signature)).toBe(true)
    expect(verifySignature(text, Buffer.from('other'), signature)).toBe(false)
    expect(verifySignature(text, message, signature.subarray(1))).toBe(false)
    expect(verifySignature('zzz', message, signature)).toBe(false)
  })

  it('is none of those under which anyone can make a signature', async () => {
    const message = Buffer.from('message')
    const keys = smallOrderKeys()
    const texts = keys.map((key) => formatPublicKey(key))
    expect(new Set(texts).size).toBe(14)
    expect(texts.map(parsePublicKey)).toEqual(Array(14).fill(undefined))
    // Of the neutral point's key this is a signature of every message.
    const neutral = Buffer.alloc(32, Uint8Array.of(1)).fill(0, 1)
    const forged = Buffer.concat([neutral, Buffer.alloc(32)])
    // The SDK takes it, and so does Node.js before version 26.
    const sdkKey = new PublicKey(Uint8Array.from(neutral))
    expect(await sdkKey.verify(message, Uint8Array.from(forged))).toBe(true)
    expect(verifySignature(formatPublicKey(neutral), message, forged)).toBe(false)
  })

  it('has 32 bytes', () => {
    expect(() => formatPublicKey(new Uint8Array(31))).toThrow(RangeError)
  })
})

describe('an API signature', () => {
  it("is the SDK's", async () => {
    const secret = 'bbqu4hhqqzqkk6ffbgeaeqsl4qeqwwxsqebfpdsy'
    const date = new Date('2026-11-23T12:00:00.000Z')
    const signature = createApiSignature(decodeMultibase(secret) ?? new Uint8Array(), date)
    expect(signature).toEqual(await createAPISig(secret, date))
  })
})

describe('multibase', () => {
  it.each([
    ['base16', 'f68656c6c6f'],
    ['base32', 'bnbswy3dp'],
    ['base58', 'zCn8eVZg'],
    ['base64', 'maGVsbG8'],
    ['base64url', 'uaGVsbG8'],
  ])('is decoded from %s', (_base, text) => {
    expect(Buffer.from(decodeMultibase(text) ?? []).toString()).toBe('hello')
  })

  it.each(['', 'b!', '?abc', 'b8'])('is not %j', (text) => {
    expect(decodeMultibase(text)).toBeUndefined()
  })
})

describe('a token', () => {
  it.each(['', 'abc', 'a.b', 'a.b.c', 'e30.e30.e30', 'e30.bnVsbA.e30', ' e30.e30.e30'])(
    'is not %j',
    (text) => {
      expect(readTokenClaims(text)).toBeUndefined()
      expect(verifyToken(text)).toBeUndefined()
    },
  )
})
