import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import { Status } from '../../grpc/status.js'
import { CallError } from '../call.js'
import type { FileContent } from './file-content.js'

/*
 * How hubd encrypts private buckets (the format of its library dcrypto): four bytes of version,
 * little-endian and 0; an initialization vector; the bytes under AES-256 in counter mode; then an
 * HMAC-SHA512 of the vector and the encrypted bytes. A key is 32 bytes for AES and 32 for the HMAC.
 */
const VERSION = Buffer.alloc(4)
const IV_BYTES = 16
const HEADER_BYTES = VERSION.length + IV_BYTES
const MAC_BYTES = 64
const AES_KEY_BYTES = 32
const KEY_BYTES = 64
const CIPHER = 'aes-256-ctr'
const MAC = 'sha512'

/** A new key: 64 random bytes. */
export function createKey(): Uint8Array {
  return randomBytes(KEY_BYTES)
}

/** Encrypts bytes that come one after the other. */
export async function* encrypt(
  plain: AsyncIterable<Uint8Array>,
  key: Uint8Array,
): AsyncGenerator<Uint8Array> {
  const { cipher, mac, header } = startEncryption(key)
  yield header
  for await (const chunk of plain) {
    const encrypted = cipher.update(chunk)
    mac.update(encrypted)
    yield encrypted
  }
  yield mac.digest()
}

/** Encrypts bytes at once. */
export function encryptBytes(plain: Uint8Array, key: Uint8Array): Uint8Array {
  const { cipher, mac, header } = startEncryption(key)
  const encrypted = cipher.update(plain)
  return Buffer.concat([header, encrypted, mac.update(encrypted).digest()])
}

/**
 * Decrypts bytes at once.
 *
 * @throws CallError where they were not encrypted with this key, or were changed
 */
export function decryptBytes(encrypted: Uint8Array, key: Uint8Array): Uint8Array {
  const iv = encrypted.subarray(VERSION.length, HEADER_BYTES)
  const body = encrypted.subarray(HEADER_BYTES, -MAC_BYTES)
  const mac = createHmac(MAC, macKeyOf(key)).update(iv).update(body).digest()
  checkMac(encrypted, mac, encrypted.subarray(-MAC_BYTES))
  return createDecipheriv(CIPHER, aesKeyOf(key), iv).update(body)
}

/**
 * Opens an encrypted file. Its content is read once to verify it, and again to decrypt it, so that
 * little of it is in memory at any time.
 *
 * @throws CallError where it was not encrypted with this key, or was changed
 */
export async function openEncrypted(file: FileContent, key: Uint8Array): Promise<FileContent> {
  const size = file.size - HEADER_BYTES - MAC_BYTES
  const header = await collect(file.read(0, Math.min(HEADER_BYTES, file.size)))
  const iv = header.subarray(VERSION.length)
  const mac = createHmac(MAC, macKeyOf(key)).update(iv)
  if (size > 0) for await (const chunk of file.read(HEADER_BYTES, size)) mac.update(chunk)
  const wanted = size < 0 ? new Uint8Array() : await collect(file.read(HEADER_BYTES + size))
  checkMac(header, mac.digest(), wanted)
  return {
    size,
    async *read(offset = 0, length = size - offset) {
      if (length <= 0) return
      const decipher = createDecipheriv(CIPHER, aesKeyOf(key), iv)
      let position = 0
      // Decryption starts at the beginning, wherever the reader does.
      for await (const chunk of file.read(HEADER_BYTES, offset + length)) {
        const plain = decipher.update(chunk)
        if (position + plain.length > offset) yield plain.subarray(Math.max(0, offset - position))
        position += plain.length
      }
    },
  }
}

function startEncryption(key: Uint8Array) {
  const iv = randomBytes(IV_BYTES)
  return {
    cipher: createCipheriv(CIPHER, aesKeyOf(key), iv),
    mac: createHmac(MAC, macKeyOf(key)).update(iv),
    header: Buffer.concat([VERSION, iv]),
  }
}

function aesKeyOf(key: Uint8Array): Uint8Array {
  return key.subarray(0, AES_KEY_BYTES)
}

function macKeyOf(key: Uint8Array): Uint8Array {
  return key.subarray(AES_KEY_BYTES)
}

function checkMac(header: Uint8Array, mac: Uint8Array, wanted: Uint8Array): void {
  const isKnownVersion = VERSION.equals(header.subarray(0, VERSION.length))
  const isGenuine = mac.length === wanted.length && timingSafeEqual(mac, wanted)
  if (!isKnownVersion || !isGenuine) {
    throw new CallError(Status.Unknown, 'what is stored was encrypted with another key')
  }
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const collected: Uint8Array[] = []
  for await (const chunk of chunks) collected.push(chunk)
  return Buffer.concat(collected)
}
