import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createIssuerKey, TokenIssuer } from '../../src/dev-hub/login/token-issuer.js'
import { type RenewalClaims, signRenewal, verifyRenewal } from '../../src/keys/renewal.js'
import { randomIdentity } from '../support/identity.js'
import { hmac, renewalKey, writeJwt } from '../support/jwt.js'

const apiKey = { key: 'bkey', secret: randomBytes(24) }
const { pubkey } = randomIdentity()
const now = Math.floor(Date.now() / 1000)

const claims: RenewalClaims = {
  pubkey,
  origin: 'https://app.example.org',
  loginId: '0123456789ab',
  session: 3,
  loggedInAt: now,
  endsAt: now + 600,
}

/** The same as a JWT has them. */
const jwtClaims = {
  sub: pubkey,
  aud: 'https://app.example.org',
  jti: '0123456789ab',
  session: 3,
  iat: now,
  exp: now + 600,
}

const HS256 = { alg: 'HS256', typ: 'JWT' }
const key = renewalKey(apiKey.secret)

function decode(part = ''): unknown {
  return JSON.parse(Buffer.from(part, 'base64url').toString())
}

describe('a renewal', () => {
  it('is a JWT with these claims and no other, and says them again', () => {
    const text = signRenewal(apiKey, claims)
    const [header, payload] = text.split('.')
    expect(decode(header)).toEqual(HS256)
    expect(decode(payload)).toEqual(jwtClaims)
    expect(verifyRenewal(apiKey, text)).toEqual(claims)
  })

  it('is the same for every server with the secret, by the key that the protocol derives', () => {
    expect(verifyRenewal({ ...apiKey }, signRenewal(apiKey, claims))).toEqual(claims)
    expect(verifyRenewal(apiKey, writeJwt(HS256, jwtClaims, hmac(256, key)))).toEqual(claims)
  })

  it('has no audience where the app had no origin', () => {
    const text = signRenewal(apiKey, { ...claims, origin: undefined })
    const { aud: _, ...rest } = jwtClaims
    expect(decode(text.split('.')[1])).toEqual(rest)
    expect(verifyRenewal(apiKey, text)).toEqual({ ...claims, origin: undefined })
  })

  it('may be of a server whose clock is a minute ahead', () => {
    const ahead = { ...claims, loggedInAt: now + 60, endsAt: now + 660 }
    expect(verifyRenewal(apiKey, signRenewal(apiKey, ahead))).toEqual(ahead)
  })
})

const genuine = signRenewal(apiKey, claims)
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ed25519 = generateKeyPairSync('ed25519')

function withClaims(changes: object): string {
  return writeJwt(HS256, { ...jwtClaims, ...changes }, hmac(256, key))
}

/** A renewal one character of which is another, where that changes a byte. */
function altered(index: number): string {
  const at = index < 0 ? genuine.length + index : index
  return genuine.slice(0, at) + (genuine[at] === 'A' ? 'B' : 'A') + genuine.slice(at + 1)
}

describe('no renewal is', () => {
  it.each<[string, string]>([
    ['empty', ''],
    ['no JWT', 'renewal'],
    ['signed under another secret', signRenewal({ ...apiKey, secret: randomBytes(24) }, claims)],
    ['signed with the secret itself', writeJwt(HS256, jwtClaims, hmac(256, apiKey.secret))],
    [
      'signed under the key of another version',
      writeJwt(
        HS256,
        jwtClaims,
        hmac(256, renewalKey(apiKey.secret, 'textile-userauth renewal 2')),
      ),
    ],
    ['altered in its header', altered(5)],
    ['altered in its claims', altered(genuine.indexOf('.') + 20)],
    ['altered in its signature', altered(-10)],
    ['cut off', genuine.slice(0, -1)],
    ['without signature', genuine.slice(0, genuine.lastIndexOf('.') + 1)],
    ['longer', `${genuine}.e30`],
    ['of algorithm none', writeJwt({ alg: 'none' }, jwtClaims, () => Buffer.alloc(0))],
    ['of algorithm none, with a signature', writeJwt({ alg: 'none' }, jwtClaims, hmac(256, key))],
    ['of algorithm NONE', writeJwt({ alg: 'NONE' }, jwtClaims, () => Buffer.alloc(0))],
    ['of no algorithm', writeJwt({ typ: 'JWT' }, jwtClaims, hmac(256, key))],
    ['of HS384', writeJwt({ alg: 'HS384' }, jwtClaims, hmac(384, key))],
    ['of HS512', writeJwt({ alg: 'HS512' }, jwtClaims, hmac(512, key))],
    [
      'of RS256',
      writeJwt({ alg: 'RS256' }, jwtClaims, (input) =>
        sign('sha256', Buffer.from(input), rsa.privateKey),
      ),
    ],
    [
      'of EdDSA, with its key in the header',
      writeJwt(
        { alg: 'EdDSA', jwk: ed25519.publicKey.export({ format: 'jwk' }) },
        jwtClaims,
        (input) => sign(null, Buffer.from(input), ed25519.privateKey),
      ),
    ],
    ["a Hub's token", new TokenIssuer(createIssuerKey()).issue(pubkey)],
    ['over', withClaims({ exp: now - 1 })],
    ['without end', withClaims({ exp: undefined })],
    ['without user', withClaims({ sub: undefined })],
    ['without time', withClaims({ iat: undefined })],
    ['without login', withClaims({ jti: undefined })],
    ['without session', withClaims({ session: undefined })],
    ['of a session that is no number', withClaims({ session: '3' })],
    ['of several audiences', withClaims({ aud: ['https://app.example.org', 'https://x.example'] })],
  ])('%s', (_, text) => {
    expect(verifyRenewal(apiKey, text)).toBeUndefined()
  })
})
