import { hkdfSync } from 'node:crypto'
import { createSigner, createVerifier } from 'fast-jwt'
import { z } from 'zod'
import type { ApiKey } from './api-signature.js'

/**
 * What separates the key of renewals from every other use of the API secret. The number rises
 * when what a renewal says changes, which ends all sessions.
 */
const KEY_LABEL = 'textile-userauth renewal 1'

/** The only algorithm that renewals are signed with, and that is taken. */
const ALGORITHM = 'HS256'

/** How many bytes the derived key has: as many as SHA-256 puts out, as RFC 7518 demands. */
const KEY_BYTES = 32

/** What a renewal says: what a login has proven, and until when that may be renewed. */
export interface RenewalClaims {
  /** Canonical text of the user's Ed25519 public key. */
  readonly pubkey: string
  /** The origin of the page that logged in; missing where the app was no browser's. */
  readonly origin: string | undefined
  /** Names the login in the server's log. */
  readonly loginId: string
  /** The number of the user's sessions at the login. A sign-out raises it, which ends them. */
  readonly session: number
  /** When the login was, in whole seconds since 1970. */
  readonly loggedInAt: number
  /** From when on it is no longer taken, in whole seconds since 1970. */
  readonly endsAt: number
}

/** The claims by the names of RFC 7519; `session` is ours. */
const jwtClaims = z.object({
  sub: z.string(),
  aud: z.string().optional(),
  jti: z.string(),
  session: z.int(),
  iat: z.int(),
  exp: z.int(),
})

/** Signs and verifies renewals under the key that belongs to one API secret. */
interface Codec {
  readonly sign: (claims: object) => string
  readonly verify: (text: string) => unknown
}

/** Deriving a key takes longer than signing with it. */
const codecs = new WeakMap<ApiKey, Codec>()

/**
 * Writes a renewal: a JWT, signed under a key derived from the API secret, so that every server with
 * this secret takes it, and none with another.
 *
 * @returns three parts of base64url with points between, about 350 characters
 */
export function signRenewal(apiKey: ApiKey, claims: RenewalClaims): string {
  return codecOf(apiKey).sign({
    sub: claims.pubkey,
    // JSON leaves out what is undefined.
    aud: claims.origin,
    jti: claims.loginId,
    session: claims.session,
    iat: claims.loggedInAt,
    exp: claims.endsAt,
  })
}

/**
 * Reads a renewal whose signature is genuine and whose end has not come.
 *
 * @returns what it says, or `undefined` where the text is anything else
 */
export function verifyRenewal(apiKey: ApiKey, text: string): RenewalClaims | undefined {
  let verified: unknown
  try {
    verified = codecOf(apiKey).verify(text)
  } catch {
    return undefined
  }
  const read = jwtClaims.safeParse(verified).data
  if (!read) return undefined
  const { sub, aud, jti, session, iat, exp } = read
  return { pubkey: sub, origin: aud, loginId: jti, session, loggedInAt: iat, endsAt: exp }
}

function codecOf(apiKey: ApiKey): Codec {
  const known = codecs.get(apiKey)
  if (known) return known
  const key = Buffer.from(hkdfSync('sha256', apiKey.secret, '', KEY_LABEL, KEY_BYTES))
  const codec = {
    sign: createSigner({ key, algorithm: ALGORITHM }),
    verify: createVerifier({ key, algorithms: [ALGORITHM] }),
  }
  codecs.set(apiKey, codec)
  return codec
}
