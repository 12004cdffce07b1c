import { styleText } from 'node:util'
import type { LoginStep } from '../client/types.js'
import type { UserAuth } from '../protocol.js'
import type { Thread } from './list-threads.js'

/** What a step looks like: who acts, and what happens. */
const STEPS: Readonly<Record<LoginStep['step'], readonly [who: string, what: string]>> = {
  connecting: ['app → server', 'opens a WebSocket'],
  connected: ['app ← server', 'accepts it'],
  requested: ['app → server', 'asks to log in, with the public key'],
  challenged: ['app ← server', 'passes on a challenge from the Hub'],
  signed: ['app → server', 'sends the signature of the challenge'],
  token: ['app ← server', 'sends the UserAuth'],
  retrying: ['app', 'waits, then tries again'],
  failed: ['app', 'gives up'],
}

/** How many characters of a secret are shown: enough to tell two apart. */
const SHOWN_CHARACTERS = 6

/** Writes the command's text for people, in colour only where a person is looking. */
export class Text {
  readonly #colour: boolean

  /** @param colour - whether to use the codes that colour a terminal */
  constructor(colour: boolean) {
    this.#colour = colour
  }

  /** Who is about to log in, and where. */
  heading(url: string, pubkey: string, isRandom: boolean): string {
    const whose = isRandom ? 'a new random identity' : 'the identity of the key file'
    return `\n  ${this.#style('bold', 'Logging in')} at ${url}\n  as ${pubkey}, ${whose}\n\n`
  }

  /** A step, with its time. */
  step({ step, at }: LoginStep): string {
    const [who, what] = STEPS[step]
    return `  ${this.#style('dim', milliseconds(at))}  ${who.padEnd(12)}  ${what}\n`
  }

  /** The result, its secrets masked. `now` is in milliseconds since 1970. */
  userAuth({ key, sig, msg, token }: UserAuth, now: number): string {
    const left = Math.round((Date.parse(msg) - now) / 1000)
    return `
  ${this.#style('green', 'Logged in.')} The UserAuth, its secrets masked:

  key    ${mask(key)}
  sig    ${mask(sig)}
  msg    ${msg} (${left} s left)
  token  ${mask(token)}

`
  }

  /** What the Hub has listed. */
  threads(threads: readonly Thread[], hub: string): string {
    const count = threads.length === 1 ? '1 thread' : `${threads.length} threads`
    const names = threads.map(({ name }) => plain(name) || '(no name)')
    const width = Math.max(...names.map((name) => name.length))
    const lines = threads.map(({ id }, index) => `  - ${names[index]?.padEnd(width)}  ${id}\n`)
    const proof = this.#style('green', 'The Hub accepts it:')
    return `  ${proof} ${count} of this identity at ${hub}\n${lines.join('')}\n`
  }

  /** Why the command has failed, and what to look for in the server's log. */
  failure(code: string, message: string, id?: string): string {
    const where = id === undefined ? '' : `  In the server's log this login is ${plain(id)}.\n`
    return `\n  ${this.#style('red', `Failed: ${plain(code)}`)}\n  ${plain(message)}\n${where}`
  }

  #style(style: 'bold' | 'dim' | 'green' | 'red', text: string): string {
    return this.#colour ? styleText(style, text) : text
  }
}

function milliseconds(at: number): string {
  return `${Math.round(at)} ms`.padStart(8)
}

function mask(secret: string): string {
  return `${plain(secret.slice(0, SHOWN_CHARACTERS))}…`
}

/** Somebody else's text without the control characters that could command a terminal. */
export function plain(text: string): string {
  return text.replace(/\p{Cc}/gu, '\u{fffd}')
}
