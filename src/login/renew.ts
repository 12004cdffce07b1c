import { toMilliseconds } from '../deadline.js'
import type { ServerKey } from '../hub/server-key.js'
import { type ApiKey, signUserAuth } from '../keys/api-signature.js'
import { type RenewalClaims, signRenewal, verifyRenewal } from '../keys/renewal.js'
import { type ApiAuth, ErrorCode, type TokenMessage } from '../protocol.js'
import type { LoginUser } from '../users/authorize.js'
import { type AuthorizationSettings, authorizeRenewal } from './authorize-user.js'
import { LoginError } from './errors.js'

/** What every renewal needs beside its text. */
export interface RenewalSettings extends AuthorizationSettings {
  /** The server's own key at the Hub. */
  readonly serverKey: Pick<ServerKey, 'apiKey' | 'state'>
  /** How long after the login the API signature may be renewed, in seconds. */
  readonly renewalTtl: number
  /** How long the API signature is valid, in seconds. */
  readonly userAuthTtl: number
}

/** Where a request for a renewal comes from. */
export type RenewalSource = Pick<LoginUser, 'address' | 'origin'>

/**
 * Makes what lets a user who has logged in renew the API signature.
 *
 * @param session - the number that the user's sessions have
 * @param loginId - names the login
 * @param ttl - for how long, in seconds; 0 for not at all
 * @returns nothing for a page without an origin of its own: any such page could use it
 */
export function grantRenewal(
  apiKey: ApiKey,
  { pubkey, origin }: LoginUser,
  session: number,
  loginId: string,
  ttl: number,
): Pick<TokenMessage, 'renewal' | 'renewUntil'> {
  if (ttl === 0 || origin === 'null') return {}
  const loggedInAt = Math.floor(Date.now() / 1000)
  const endsAt = loggedInAt + ttl
  return {
    renewal: signRenewal(apiKey, { pubkey, origin, loginId, session, loggedInAt, endsAt }),
    renewUntil: new Date(toMilliseconds(endsAt)).toISOString(),
  }
}

/**
 * Renews one API signature: the text is genuine and meant for this page, its user is authorized
 * again, and a fresh signature is made. The Hub isn't asked. It was at the login, with this very key,
 * whose secret the text is signed with; so a key that is yet unchecked will do.
 *
 * @param text - the renewal that the login gave
 * @param onGenuine - told what the text says once it is found genuine
 * @throws LoginError where it is refused
 */
export async function renew(
  text: string,
  { address, origin }: RenewalSource,
  settings: RenewalSettings,
  onGenuine: (claims: RenewalClaims) => void,
): Promise<ApiAuth> {
  const { apiKey, state } = settings.serverKey
  const claims = verifyRenewal(apiKey, text)
  if (!claims || !isMeantFor(origin, claims) || isTooOld(claims, settings.renewalTtl)) {
    throw new LoginError(ErrorCode.RenewalRefused)
  }
  onGenuine(claims)
  if (state === 'refused') throw new LoginError(ErrorCode.HubRejected)
  const user = { pubkey: claims.pubkey, address, origin: claims.origin, renewal: true }
  await authorizeRenewal(user, claims.session, settings)
  return signUserAuth(apiKey, settings.userAuthTtl)
}

/**
 * Whether a page may use a renewal. One of another origin may not. A request without origin is no
 * page's, and whoever can send that could send any origin as well.
 */
function isMeantFor(origin: string | undefined, claims: RenewalClaims): boolean {
  return origin === undefined || origin === claims.origin
}

/** Whether the login is longer ago than is allowed now: a renewal's own end may be further off. */
function isTooOld({ loggedInAt }: RenewalClaims, ttl: number): boolean {
  return Date.now() >= toMilliseconds(loggedInAt + ttl)
}
