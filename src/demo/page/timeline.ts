import type { LoginStep } from '../../client/browser.js'
import { make } from './dom.js'

/** Who does each step, and what it is. */
const STEPS: Record<LoginStep['step'], readonly [who: string, what: string]> = {
  connecting: ['App', 'opens a connection to the login server'],
  connected: ['Server', 'accepts the connection'],
  requested: ['App → Server', 'sends your public key'],
  challenged: ['Server → App', "relays the Hub's challenge: 32 random bytes"],
  signed: ['App → Server', 'sends your signature of the challenge'],
  token: ['Server → App', 'hands over the UserAuth: the Hub has verified the signature'],
  retrying: ['App', 'waits, and tries again'],
  failed: ['App', 'gives up'],
}

/** Draws the steps of one login after the other: who did what, when, and how long it took. */
export class Timeline {
  readonly #list: HTMLOListElement
  #lastAt = 0

  constructor(list: HTMLOListElement) {
    this.#list = list
  }

  /** Draws a step; the first one of a login clears the steps of the login before. */
  add(step: LoginStep): void {
    if (step.step === 'connecting' && step.attempt === 1) this.#clear()
    const [who, what] = STEPS[step.step]
    const row = document.createElement('li')
    row.append(
      make('span', 'who', who),
      make('span', 'what', 'code' in step ? `${what} (${step.code})` : what),
      make('span', 'when', `${format(step.at)}, +${format(step.at - this.#lastAt)}`),
    )
    this.#list.append(row)
    this.#lastAt = step.at
  }

  #clear(): void {
    this.#list.replaceChildren()
    this.#lastAt = 0
  }
}

function format(ms: number): string {
  return `${Math.round(ms)} ms`
}
