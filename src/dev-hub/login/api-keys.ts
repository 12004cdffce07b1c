import { randomBytes } from 'node:crypto'
import { base32 } from 'multiformats/bases/base32'

/** What kinds of API key a Hub has. */
export interface ApiKeyKind {
  /** An account key acts as its account's owner, whatever a token says; else a user group key. */
  readonly isAccount: boolean
  /** Whether each call must be signed with the secret. */
  readonly isSecured: boolean
  /** Whether it is no longer accepted. May change while the Hub runs. */
  isRevoked: boolean
}

/** An API key, as the Hub stores it. */
export interface StoredApiKey extends ApiKeyKind {
  /** Multibase base32 of 16 bytes. */
  readonly key: string
  /** Multibase base32 of 24 bytes. */
  readonly secret: string
}

/** Makes a random API key: a secured user group key unless told otherwise. */
export function createApiKey(kind: Partial<ApiKeyKind> = {}): StoredApiKey {
  return {
    key: base32.encode(randomBytes(16)),
    secret: base32.encode(randomBytes(24)),
    isAccount: false,
    isSecured: true,
    isRevoked: false,
    ...kind,
  }
}
