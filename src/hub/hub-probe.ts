/** How long an answer of the Hub's stands for the next ones, in ms. */
const KEEP_MS = 5_000

/**
 * Asks whether the Hub is there, but not often: an answer stands for a while, and whoever asks
 * while an answer is on its way gets that one.
 */
export class HubProbe {
  readonly #ask: () => Promise<boolean>
  #answer: Promise<boolean> | undefined
  #askedAt = Number.NEGATIVE_INFINITY

  /** @param ask - asks the Hub; must have a deadline, and not reject */
  constructor(ask: () => Promise<boolean>) {
    this.#ask = ask
  }

  /** Whether the Hub is there, as far as is known. */
  isThere(): Promise<boolean> {
    const now = performance.now()
    if (!this.#answer || now - this.#askedAt > KEEP_MS) {
      this.#askedAt = now
      this.#answer = this.#ask()
    }
    return this.#answer
  }
}
