import { parseObject } from '../protocol.js'
import { verifySignature } from './public-key.js'

/** What a Hub's token says. A Hub sets no expiry: whoever has a token can use it indefinitely. */
export interface TokenClaims {
  /** Public key of the Hub that issued it, canonical text. */
  readonly iss: string
  /** Public key of the user it speaks for, canonical text. */
  readonly sub: string
  /** When it was issued, in seconds since 1970. */
  readonly iat: number
}

/** A JSON Web Token in its three parts, each base64url. */
const JWT = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/

/**
 * Reads a Hub token's claims without checking its signature.
 *
 * @returns the claims, or `undefined` where the text is no token of a Hub
 */
export function readTokenClaims(token: string): TokenClaims | undefined {
  const payload = JWT.exec(token)?.[2]
  return payload === undefined ? undefined : parseClaims(payload)
}

/**
 * Reads a Hub token's claims if its signature is that of its own issuer. Whether that issuer is
 * the Hub one means is the caller's question: a forger can name themself.
 *
 * @returns the claims, or `undefined` where the token is malformed or forged
 */
export function verifyToken(token: string): TokenClaims | undefined {
  const [, header, payload, signature] = JWT.exec(token) ?? []
  if (header === undefined || payload === undefined || signature === undefined) return undefined
  // The Hub writes the algorithm as `Ed25519`, where RFC 8037 has `EdDSA`.
  if (parsePart(header)?.alg !== 'Ed25519') return undefined
  const claims = parseClaims(payload)
  if (!claims) return undefined
  const signed = Buffer.from(`${header}.${payload}`)
  const isGenuine = verifySignature(claims.iss, signed, Buffer.from(signature, 'base64url'))
  return isGenuine ? claims : undefined
}

function parseClaims(payload: string): TokenClaims | undefined {
  const { iss, sub, iat } = parsePart(payload) ?? {}
  if (typeof iss !== 'string' || typeof sub !== 'string' || typeof iat !== 'number') {
    return undefined
  }
  return { iss, sub, iat }
}

function parsePart(base64url: string): Record<string, unknown> | undefined {
  return parseObject(Buffer.from(base64url, 'base64url').toString())
}
