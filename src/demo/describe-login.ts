/** How a login is described to people: the same on the page and in the terminal. */
import type { LoginStep } from '../client/types.js'

/** Who does each step, and what it is. */
const STEPS: Readonly<Record<LoginStep['step'], readonly [who: string, what: string]>> = {
  renewing: ['App → Server', 'asks to renew the API signature'],
  renewed: ['Server → App', 'hands over a new API signature, without the Hub'],
  kept: ['App', 'uses the UserAuth that it has: the server cannot renew it now'],
  connecting: ['App', 'opens a connection to the login server'],
  connected: ['Server', 'accepts the connection'],
  requested: ['App → Server', 'sends the public key'],
  challenged: ['Server → App', "relays the Hub's challenge: 32 random bytes"],
  signed: ['App → Server', 'sends the signature of the challenge'],
  token: ['Server → App', 'hands over the UserAuth: the Hub has verified the signature'],
  retrying: ['App', 'waits, then tries again'],
  failed: ['App', 'gives up'],
}

/** How many characters of a secret are shown: enough to tell two apart. */
const SHOWN_CHARACTERS = 6

/** Who does a step, at most 12 characters long, and what it is, with the error's code if any. */
export function describeStep(step: LoginStep): { readonly who: string; readonly what: string } {
  const [who, what] = STEPS[step.step]
  return { who, what: 'code' in step ? `${what} (${step.code})` : what }
}

/** A time since the login began, from milliseconds. */
export function describeTime(ms: number): string {
  return `${Math.round(ms)} ms`
}

/** A secret of a UserAuth in a form that may be shown: its first 6 characters. */
export function maskSecret(secret: string): string {
  return `${secret.slice(0, SHOWN_CHARACTERS)}…`
}

/**
 * How long a UserAuth can still be used, in whole seconds; negative once it has expired.
 *
 * @param msg - when it expires: an RFC 3339 time
 * @param now - in milliseconds since 1970
 */
export function secondsLeft(msg: string, now: number): number {
  return Math.round((Date.parse(msg) - now) / 1000)
}

/** Tells by which id the server's log names a login. */
export function describeLogId(id: string): string {
  return `In the server's log this login is ${id}.`
}
