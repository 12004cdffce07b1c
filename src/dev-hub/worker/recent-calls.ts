import type { EndedCall } from '../call.js'

/** How many calls are kept. */
export const MAX_RECENT_CALLS = 100

/** The newest calls that a Hub has answered, and who wants to hear of the next ones. */
export class RecentCalls {
  #newest: readonly EndedCall[] = []
  readonly #listeners = new Set<(calls: readonly EndedCall[]) => void>()

  /** The calls that are kept, oldest first. */
  get newest(): readonly EndedCall[] {
    return this.#newest
  }

  /** Keeps calls, oldest first, and tells the listeners. */
  add(calls: readonly EndedCall[]): void {
    this.#newest = [...this.#newest, ...calls].slice(-MAX_RECENT_CALLS)
    for (const listener of this.#listeners) listener(calls)
  }

  /**
   * Has a listener told of further calls.
   *
   * @param listener - must be quick, and must not throw
   * @returns what ends it
   */
  subscribe(listener: (calls: readonly EndedCall[]) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
