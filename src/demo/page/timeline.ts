import type { LoginStep } from '../../client/browser.js'
import { describeStep, describeTime } from '../describe-login.js'
import { make } from './dom.js'

/** Draws the steps of one login after the other: who did what, when, and how long it took. */
export class Timeline {
  readonly #list: HTMLOListElement
  #lastAt = 0

  constructor(list: HTMLOListElement) {
    this.#list = list
  }

  /** Draws a step; the first one of a login clears the steps of the login before. */
  add(step: LoginStep): void {
    // Each login counts its time from its own beginning.
    if (step.at < this.#lastAt) this.#clear()
    const { who, what } = describeStep(step)
    const row = document.createElement('li')
    row.append(
      make('span', 'who', who),
      make('span', 'what', what),
      make('span', 'when', `${describeTime(step.at)}, +${describeTime(step.at - this.#lastAt)}`),
    )
    this.#list.append(row)
    this.#lastAt = step.at
  }

  #clear(): void {
    this.#list.replaceChildren()
    this.#lastAt = 0
  }
}
