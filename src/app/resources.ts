/** What is open, and has to be closed: last opened, first closed. */
export class Resources {
  readonly #closings: (() => Promise<void> | void)[] = []

  /** Takes note of how to close what was just opened. */
  add(close: () => Promise<void> | void): void {
    this.#closings.push(close)
  }

  /** Closes everything, each after the one before has closed. */
  async close(): Promise<void> {
    for (let close = this.#closings.pop(); close; close = this.#closings.pop()) await close()
  }
}
