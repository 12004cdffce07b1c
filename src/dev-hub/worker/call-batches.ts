import type { EndedCall } from '../call.js'
import { MAX_RECENT_CALLS } from './recent-calls.js'

/** How long a call may wait to be told, in ms: short to a person, long to a busy Hub. */
const BATCH_MS = 100

/**
 * Calls that have ended, told several at a time: a busy Hub then wakes the other thread ten times a
 * second and not with each call. Of very many only the newest are told, as no more are kept there.
 */
export class CallBatches {
  readonly #tell: (calls: readonly EndedCall[]) => void
  #waiting: EndedCall[] = []

  /** @param tell - takes the calls, oldest first */
  constructor(tell: (calls: readonly EndedCall[]) => void) {
    this.#tell = tell
  }

  add(call: EndedCall): void {
    // The timer keeps no thread alive that has nothing else to do.
    if (this.#waiting.length === 0) setTimeout(() => this.#flush(), BATCH_MS).unref()
    this.#waiting.push(call)
    if (this.#waiting.length > MAX_RECENT_CALLS) this.#waiting.shift()
  }

  #flush(): void {
    const calls = this.#waiting
    this.#waiting = []
    this.#tell(calls)
  }
}
