import { RETRY_AFTER_LOAD } from '../limits/limits.js'
import type { LoadShedding } from '../limits/load-shedding.js'
import type { RateLimits } from '../limits/rate-limits.js'
import { ErrorCode } from '../protocol.js'
import type { LoginUser } from '../users/authorize.js'
import { LoginError, rateLimited } from './errors.js'

/** The name of the limit on how often an address may start a login, or send what is useless. */
export const LOGINS_PER_IP = 'logins_per_minute_per_ip'

/** What decides whether a login may start. */
export interface AdmissionLimits {
  readonly rateLimits: RateLimits
  /** Whose logins and renewals are refused because the process has more to do than it can. */
  readonly loadShedding: Pick<LoadShedding, 'refuses'>
}

/**
 * Keeps an address out for as long as the process has more to do than it can.
 *
 * @throws LoginError `overloaded`
 */
export function checkLoad(address: string, loadShedding: AdmissionLimits['loadShedding']): void {
  if (!loadShedding.refuses(address)) return
  const details = { retryAfter: RETRY_AFTER_LOAD, limit: 'event_loop_lag' } as const
  throw new LoginError(ErrorCode.Overloaded, details)
}

/**
 * Keeps a login that is one too many from the Hub. A login that may start is counted.
 *
 * @throws LoginError `overloaded` or `rate_limited`
 */
export async function admitLogin(
  { pubkey, address }: LoginUser,
  { rateLimits, loadShedding }: AdmissionLimits,
): Promise<void> {
  checkLoad(address, loadShedding)
  const wait = await rateLimits.countMessage(address)
  if (wait > 0) throw rateLimited(wait, LOGINS_PER_IP)
  const keyWait = await rateLimits.checkKey(pubkey)
  if (keyWait > 0) throw rateLimited(keyWait, 'logins_per_minute_per_key')
}
