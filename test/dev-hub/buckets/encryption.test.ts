import { createDecipheriv, createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  createKey,
  decryptBytes,
  encrypt,
  encryptBytes,
  openEncrypted,
} from '../../../src/dev-hub/buckets/encryption.js'
import type { FileContent } from '../../../src/dev-hub/buckets/file-content.js'

const PLAIN = Buffer.from('The quick brown fox jumps over the lazy dog')

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const collected: Uint8Array[] = []
  for await (const chunk of chunks) collected.push(chunk)
  return Buffer.concat(collected)
}

/** Bytes as a file that is read in pieces of five bytes. */
function fileOf(bytes: Uint8Array): FileContent {
  return {
    size: bytes.length,
    async *read(offset = 0, length = bytes.length - offset) {
      const end = offset + length
      for (let start = offset; start < end; start += 5) {
        yield bytes.subarray(start, Math.min(end, start + 5))
      }
    },
  }
}

/** Bytes of which one is another. */
function changed(bytes: Uint8Array, index: number): Uint8Array {
  return Buffer.from(bytes).fill((bytes.at(index) ?? 0) ^ 1, index, index + 1)
}

describe('what is encrypted for a private bucket', () => {
  it('has the format of hubd: version, vector, AES in counter mode, HMAC', () => {
    const key = createKey()
    const encrypted = Buffer.from(encryptBytes(PLAIN, key))
    expect(encrypted).toHaveLength(4 + 16 + PLAIN.length + 64)
    expect(encrypted.readUInt32LE(0)).toBe(0)
    const [iv, body] = [encrypted.subarray(4, 20), encrypted.subarray(20, -64)]
    const decipher = createDecipheriv('aes-256-ctr', key.subarray(0, 32), iv)
    expect(decipher.update(body).equals(PLAIN)).toBe(true)
    const mac = createHmac('sha512', key.subarray(32)).update(encrypted.subarray(4, -64)).digest()
    expect(encrypted.subarray(-64).equals(mac)).toBe(true)
  })

  it('is never the same twice', () => {
    const key = createKey()
    expect(encryptBytes(PLAIN, key)).not.toEqual(encryptBytes(PLAIN, key))
  })

  it.each([0, 1, 15, 16, 17, 43])('is read again, of %i bytes, from anywhere', async (size) => {
    const plain = PLAIN.subarray(0, size)
    const key = createKey()
    const encrypted = await collect(encrypt(fileOf(plain).read(), key))
    expect(Buffer.from(decryptBytes(encrypted, key)).equals(plain)).toBe(true)
    const file = await openEncrypted(fileOf(encrypted), key)
    expect(file.size).toBe(size)
    for (let offset = 0; offset <= size; offset += 7) {
      expect((await collect(file.read(offset))).equals(plain.subarray(offset))).toBe(true)
      const part = await collect(file.read(offset, Math.min(3, size - offset)))
      expect(part.equals(plain.subarray(offset, offset + 3))).toBe(true)
    }
  })

  it('is refused with another key, or changed, or cut', async () => {
    const key = createKey()
    const encrypted = encryptBytes(PLAIN, key)
    const wrong: [Uint8Array, Uint8Array][] = [
      [encrypted, createKey()],
      [changed(encrypted, 0), key],
      [changed(encrypted, 10), key],
      [changed(encrypted, 30), key],
      [changed(encrypted, encrypted.length - 1), key],
      [encrypted.subarray(0, -1), key],
      [encrypted.subarray(0, 50), key],
      [encrypted.subarray(0, 3), key],
    ]
    for (const [bytes, itsKey] of wrong) {
      expect(() => decryptBytes(bytes, itsKey)).toThrow('another key')
      await expect(openEncrypted(fileOf(bytes), itsKey)).rejects.toThrow('another key')
    }
  })
})
