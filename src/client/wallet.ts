/** The package's `./wallet`: an identity out of a wallet that its user has already. */

/** In bytes: the shortest signature of the usual wallets, by Ed25519 or by ECDSA. */
const SHORTEST_SIGNATURE = 64

/** In bits: the seed of an Ed25519 key. */
const SEED_BITS = 256

/** In bits: enough that two seeds never have the same fingerprint. */
const FINGERPRINT_BITS = 128

/** What HKDF's output is for. Another version makes other identities of the same signatures. */
const SEED_PURPOSE = 'textile-userauth wallet seed v1'
const FINGERPRINT_PURPOSE = 'textile-userauth wallet fingerprint v1'

/** With what the entries in a storage begin. The seed's fingerprint follows. */
const ENTRY = 'textile-userauth wallet '

/**
 * Which failure it was.
 *
 * | code | meaning |
 * |---|---|
 * | `not_deterministic` | the wallet signs the same text differently each time: it can't be an identity |
 * | `bad_signature` | what `sign` returned is no signature: neither hexadecimal text nor bytes, or shorter than 64 bytes |
 * | `no_webcrypto` | the page has no WebCrypto: it is not served over https, nor from this machine |
 */
export type WalletErrorCode = 'not_deterministic' | 'bad_signature' | 'no_webcrypto'

const TEXTS: Readonly<Record<WalletErrorCode, string>> = {
  not_deterministic:
    'This wallet signs the same text differently each time, so it would be another user each time. Use another wallet, or keep a key of your own.',
  bad_signature:
    'The wallet returned no signature: sign() must return it as bytes or as hexadecimal text, of 64 bytes at least.',
  no_webcrypto:
    'WebCrypto is missing: browsers have it on pages served over https or from localhost.',
}

/** Why a wallet gave no identity. `message` says it in words, for people. */
export class WalletError extends Error {
  override readonly name = 'WalletError'
  /** Which failure it was: a stable word. */
  readonly code: WalletErrorCode

  constructor(code: WalletErrorCode) {
    super(TEXTS[code])
    this.code = code
  }
}

/**
 * Signs a text with a wallet's key.
 *
 * @returns the signature, as bytes or as hexadecimal text such as `0x1b…`
 */
export type SignText = (text: string) => Promise<Uint8Array | string> | Uint8Array | string

/** As much of a `Storage` as is needed: `localStorage` and `sessionStorage` have it. */
export interface WalletStorage {
  getItem(name: string): string | null
  setItem(name: string, value: string): void
}

/** How to derive a seed. */
export interface SeedOptions {
  /**
   * Where it is kept that a wallet has been found deterministic, so that its user signs twice
   * once, and once from then on. It holds a fingerprint of the seed, from which nothing follows.
   * By default this is known until the page is left. A storage that throws is as none.
   */
  readonly storage?: WalletStorage | undefined
}

/** Fingerprints of the seeds whose wallets this page has found deterministic. */
const deterministic = new Set<string>()

/**
 * Derives the seed of an identity from a wallet's signature of a text: for the same wallet and
 * text the same seed, on every device. HKDF-SHA-256 (RFC 5869) over the signature's first 64
 * bytes: the 65th, where there is one, is written differently by different wallets.
 *
 * Any page that gets the same text signed gets the same identity. So the text must name the app
 * and its address, and warn against signing it elsewhere.
 *
 * The first time, the text is signed twice: a wallet whose signatures differ is of no use here.
 *
 * @param sign - asks the wallet; what it throws is passed on
 * @param message - the text, the same for ever: another text is another user
 * @returns 32 bytes, for `PrivateKey.fromRawEd25519Seed`: a secret, which is the identity
 * @throws TypeError where an argument is wrong; WalletError
 */
export async function seedFromSignature(
  sign: SignText,
  message: string,
  { storage }: SeedOptions = {},
): Promise<Uint8Array> {
  if (typeof sign !== 'function') throw new TypeError('sign must be a function')
  if (typeof message !== 'string' || message.trim() === '')
    throw new TypeError('message must be a text that names your app')
  // Types say that it is there; pages on http have none.
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle
  if (!subtle) throw new WalletError('no_webcrypto')

  const signature = readSignature(await sign(message))
  const [seed, fingerprint] = await Promise.all([
    derive(subtle, signature, SEED_PURPOSE, SEED_BITS),
    derive(subtle, signature, FINGERPRINT_PURPOSE, FINGERPRINT_BITS),
  ])
  const name = formatHex(fingerprint)
  if (!deterministic.has(name) && !isKept(storage, name)) {
    const again = readSignature(await sign(message))
    if (!signature.every((byte, index) => byte === again[index]))
      throw new WalletError('not_deterministic')
  }
  deterministic.add(name)
  keep(storage, name)
  return seed
}

type SubtleCrypto = typeof globalThis.crypto.subtle

async function derive(
  subtle: SubtleCrypto,
  signature: Uint8Array<ArrayBuffer>,
  purpose: string,
  bits: number,
): Promise<Uint8Array> {
  const key = await subtle.importKey('raw', signature, 'HKDF', false, ['deriveBits'])
  const info = new TextEncoder().encode(purpose)
  const algorithm = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info }
  return new Uint8Array(await subtle.deriveBits(algorithm, key, bits))
}

function readSignature(value: unknown): Uint8Array<ArrayBuffer> {
  const bytes = typeof value === 'string' ? parseHex(value) : value
  if (!(bytes instanceof Uint8Array) || bytes.length < SHORTEST_SIGNATURE)
    throw new WalletError('bad_signature')
  // An ECDSA signature is r and s, and a byte that follows from them: 0 or 1 with some wallets,
  // 27 or 28 with others. A longer one is not of ECDSA, and counts whole.
  const isEcdsa = bytes.length === SHORTEST_SIGNATURE + 1
  return Uint8Array.from(isEcdsa ? bytes.subarray(0, SHORTEST_SIGNATURE) : bytes)
}

/** Reads hexadecimal text, in either case, with or without `0x`. */
function parseHex(text: string): Uint8Array | undefined {
  const digits = text.replace(/^0x/, '')
  if (!/^([\da-f]{2})+$/i.test(digits)) return undefined
  return Uint8Array.from(digits.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
}

function formatHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function isKept(storage: WalletStorage | undefined, name: string): boolean {
  try {
    return storage?.getItem(ENTRY + name) === 'deterministic'
  } catch {
    return false
  }
}

function keep(storage: WalletStorage | undefined, name: string): void {
  try {
    storage?.setItem(ENTRY + name, 'deterministic')
  } catch {
    // Full, or forbidden: next time the text is signed twice again.
  }
}
