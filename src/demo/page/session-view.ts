import type { LoginStep } from '../../client/browser.js'

/** Tells how long ago the user has proven who they are, and how often that was used since. */
export class SessionView {
  readonly #element: HTMLElement
  #origin = ''
  #renewals = 0

  constructor(element: HTMLElement) {
    this.#element = element
    this.clear()
  }

  /** Forgets the session: another begins, or the page was loaded, which it may have outlived. */
  clear(): void {
    this.#origin = 'This session is from before this page was loaded.'
    this.#renewals = 0
    this.#element.textContent = ''
  }

  /** Takes a step of a login, and shows what it changes. */
  add({ step }: LoginStep): void {
    if (step === 'token') {
      this.#origin = `You logged in at ${new Date().toLocaleTimeString()}.`
      this.#renewals = 0
    } else if (step === 'renewed') {
      this.#renewals += 1
    } else {
      return
    }
    const times = this.#renewals === 1 ? 'once' : `${this.#renewals} times`
    this.#element.textContent =
      this.#renewals === 0
        ? this.#origin
        : `${this.#origin} Renewed ${times}, without the Hub and without a signature of yours.`
  }
}
