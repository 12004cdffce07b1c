/** What is open and has to be closed, last opened first: Node.js 20 has no AsyncDisposableStack. */
export class DisposableStack {
  readonly #closings: (() => Promise<void> | void)[] = []

  /** Takes note of how to close what was just opened. */
  defer(close: () => Promise<void> | void): void {
    this.#closings.push(close)
  }

  /** Closes everything, each after the one before has closed. */
  async dispose(): Promise<void> {
    for (let close = this.#closings.pop(); close; close = this.#closings.pop()) await close()
  }
}
