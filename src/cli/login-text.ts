import { styleText } from 'node:util'
import type { LoginStep } from '../client/types.js'
import { describeStep, describeTime, maskSecret, secondsLeft } from '../demo/describe-login.js'
import type { UserAuth } from '../protocol.js'
import { plain } from './command.js'
import type { Thread } from './list-threads.js'

/** Who is about to log in, and where. */
export function headingText(url: string, pubkey: string, isRandom: boolean): string {
  const whose = isRandom ? 'a new random identity' : 'the identity of the key file'
  return `\n  ${styleText('bold', 'Logging in')} at ${url}\n  as ${pubkey}, ${whose}\n\n`
}

/** A step, with its time. */
export function stepText(step: LoginStep): string {
  const { who, what } = describeStep(step)
  const time = styleText('dim', describeTime(step.at).padStart(8))
  return `  ${time}  ${who.padEnd(12)}  ${plain(what)}\n`
}

/** The result, its secrets masked. `now` is in milliseconds since 1970. */
export function userAuthText({ key, sig, msg, token }: UserAuth, now: number): string {
  return `
  ${styleText('green', 'Logged in.')} The UserAuth, its secrets masked:

  key    ${plain(maskSecret(key))}
  sig    ${plain(maskSecret(sig))}
  msg    ${msg} (${secondsLeft(msg, now)} s left)
  token  ${plain(maskSecret(token))}

`
}

/** A session that is kept, and how to end that. */
export const WATCHING_TEXT = '  Keeping the session, until Ctrl+C.\n\n'

/** A UserAuth that has taken the place of the one before. `now` is in milliseconds since 1970. */
export function nextUserAuthText(renewals: number, { msg }: UserAuth, now: number): string {
  const time = new Date(now).toISOString().slice(11, 19)
  const life = `good for ${secondsLeft(msg, now)} s`
  return `  ${styleText('green', `${time}Z  UserAuth ${renewals}`)}: ${life}\n`
}

/** What the Hub has listed. */
export function threadsText(threads: readonly Thread[], hub: string): string {
  const count = threads.length === 1 ? '1 thread' : `${threads.length} threads`
  const names = threads.map(({ name }) => plain(name) || '(no name)')
  const width = Math.max(...names.map((name) => name.length))
  const lines = threads.map(({ id }, index) => `  - ${names[index]?.padEnd(width)}  ${plain(id)}\n`)
  const proof = styleText('green', 'The Hub accepts it:')
  return `  ${proof} ${count} of this identity at ${hub}\n${lines.join('')}\n`
}
