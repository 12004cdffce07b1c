import type { Action } from './guards/guards.js'
import type { Instance } from './instance.js'

/** Something that happened to an instance. */
export interface InstanceEvent {
  readonly type: Action['type']
  readonly collection: string
  readonly id: string
  /** The instance as it is now; `undefined` where it was deleted. */
  readonly instance: Instance | undefined
}

/** Those who are told what happens in a database. */
export class Listeners {
  readonly #listeners = new Set<(events: readonly InstanceEvent[]) => void>()

  /**
   * Adds a listener.
   *
   * @param listener - is told what each commit did, in order; must not throw
   * @returns what removes it
   */
  add(listener: (events: readonly InstanceEvent[]) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  tell(events: readonly InstanceEvent[]): void {
    if (events.length === 0) return
    for (const listener of this.#listeners) listener(events)
  }
}
