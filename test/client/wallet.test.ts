import { hkdfSync, randomBytes } from 'node:crypto'
import { PrivateKey } from '@textile/hub'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { seedFromSignature } from '../../src/client/wallet.js'
import { randomIdentity } from '../support/identity.js'
import { brokenStorage, MemoryStorage } from '../support/memory-storage.js'

const TEXT = 'Sign in to Notes, https://notes.example. Sign this text there only.'

/** A wallet of Ed25519: the same text, the same signature. */
function wallet(identity = randomIdentity()) {
  const asked: string[] = []
  const sign = async (text: string): Promise<Uint8Array> => {
    asked.push(text)
    return identity.sign(new TextEncoder().encode(text))
  }
  return { asked, sign }
}

/** The module as another page, or another visit of the same one, has it. */
async function reload() {
  vi.resetModules()
  return import('../../src/client/wallet.js')
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('seedFromSignature', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('returns 32 bytes by HKDF, which make an identity', async () => {
    const signature = randomBytes(64)
    const seed = await seedFromSignature(() => signature, TEXT)
    const info = 'textile-userauth wallet seed v1'
    expect(hex(seed)).toBe(hex(new Uint8Array(hkdfSync('sha256', signature, '', info, 32))))
    const identity = PrivateKey.fromRawEd25519Seed(seed)
    expect(hex(identity.seed)).toBe(hex(seed))
  })

  it('is the same on every device, and another one for another text or another wallet', async () => {
    const key = randomIdentity()
    const here = await seedFromSignature(wallet(key).sign, TEXT)
    const { seedFromSignature: elsewhere } = await reload()
    expect(await elsewhere(wallet(key).sign, TEXT)).toEqual(here)
    expect(await elsewhere(wallet(key).sign, `${TEXT} `)).not.toEqual(here)
    expect(await elsewhere(wallet().sign, TEXT)).not.toEqual(here)
  })

  it('has the text signed twice on the first time, and once from then on', async () => {
    const { sign, asked } = wallet()
    await seedFromSignature(sign, TEXT)
    expect(asked).toEqual([TEXT, TEXT])
    await seedFromSignature(sign, TEXT)
    expect(asked).toHaveLength(3)
  })

  it('remembers that over a reload in a storage, which holds nothing of the seed', async () => {
    const storage = new MemoryStorage()
    const { sign, asked } = wallet()
    const seed = await seedFromSignature(sign, TEXT, { storage })
    const again = await reload()
    expect(await again.seedFromSignature(sign, TEXT, { storage })).toEqual(seed)
    expect(asked).toHaveLength(3)
    const held = JSON.stringify([...storage.entries])
    expect(held).not.toContain(hex(seed).slice(0, 8))
    expect(held).toMatch(/^\[\["textile-userauth wallet [0-9a-f]{32}","deterministic"\]\]$/)

    const other = wallet()
    await again.seedFromSignature(other.sign, TEXT, { storage })
    expect(other.asked).toHaveLength(2)
  })

  it('takes a storage that throws as none', async () => {
    const storage = brokenStorage('getItem', 'setItem')
    const { sign } = wallet()
    const seed = await seedFromSignature(sign, TEXT, { storage })
    expect(seed).toHaveLength(32)
  })

  it('finds out a wallet whose signatures differ, and keeps nothing of it', async () => {
    const storage = new MemoryStorage()
    const sign = () => randomBytes(65)
    await expect(seedFromSignature(sign, TEXT, { storage })).rejects.toMatchObject({
      name: 'WalletError',
      code: 'not_deterministic',
    })
    expect(storage.entries.size).toBe(0)
  })

  it('reads bytes and hexadecimal text, and not the last byte of an ECDSA signature', async () => {
    const signature = randomBytes(65)
    const seed = await seedFromSignature(() => signature, TEXT)
    const otherEnd = Buffer.concat([signature.subarray(0, 64), Buffer.of(signature[64] ? 0 : 1)])
    const spellings = [
      hex(signature),
      `0x${hex(signature)}`,
      `0x${hex(signature).toUpperCase()}`,
      new Uint8Array(signature),
      otherEnd,
    ]
    for (const spelling of spellings) {
      expect(await seedFromSignature(() => spelling, TEXT)).toEqual(seed)
    }
    const longer = Buffer.concat([signature, Buffer.of(1)])
    expect(await seedFromSignature(() => longer, TEXT)).not.toEqual(seed)
  })

  it.each([
    ['nothing', undefined],
    ['no text of bytes', 'signed!'],
    ['half a byte', `0x${'a'.repeat(129)}`],
    ['too few bytes', randomBytes(63)],
    ['an object around it', { signature: randomBytes(64) }],
  ])('refuses %s in the place of a signature', async (_what, value) => {
    const sign = () => JSON.parse(JSON.stringify(value ?? null))
    const given = value instanceof Uint8Array ? () => value : sign
    await expect(seedFromSignature(given, TEXT)).rejects.toMatchObject({ code: 'bad_signature' })
  })

  it("passes on what the wallet throws, such as its owner's refusal", async () => {
    const refusal = Object.assign(new Error('User rejected the request'), { code: 4001 })
    const sign = () => Promise.reject(refusal)
    await expect(seedFromSignature(sign, TEXT)).rejects.toBe(refusal)
  })

  it.each(['', '  '])('needs a text: "%s" is none', async (text) => {
    const { sign, asked } = wallet()
    await expect(seedFromSignature(sign, text)).rejects.toThrow(/^message must be a text/)
    expect(asked).toEqual([])
  })

  it('needs WebCrypto, and asks the wallet for nothing without it', async () => {
    vi.stubGlobal('crypto', {})
    const { sign, asked } = wallet()
    await expect(seedFromSignature(sign, TEXT)).rejects.toMatchObject({ code: 'no_webcrypto' })
    expect(asked).toEqual([])
  })
})
