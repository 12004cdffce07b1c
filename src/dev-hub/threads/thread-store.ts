/** A thread, as its owner lists it. */
export interface Thread {
  /** The thread's ID, as the SDK made it; opaque here. */
  readonly id: Uint8Array
  /** Unique among the owner's threads, or empty. */
  readonly name: string
}

/** Threads by owner, in memory. */
export class ThreadStore {
  readonly #threadsByOwner = new Map<string, Thread[]>()

  /** The threads of one owner, oldest first. */
  list(owner: string): readonly Thread[] {
    return this.#threadsByOwner.get(owner) ?? []
  }

  /** Whether any owner has a thread with this ID. */
  has(id: Uint8Array): boolean {
    return [...this.#threadsByOwner.values()].flat().some((thread) => isSame(thread.id, id))
  }

  find(id: Uint8Array): { owner: string; apiKey: string } | undefined {
    for (const [owner, threads] of this.#threadsByOwner) {
      if (threads.some((thread) => isSame(thread.id, id))) return { owner, apiKey: '' }
    }
    return undefined
  }

  /** Adds a thread; the caller has made sure that its ID and name are free. */
  add(owner: string, thread: Thread): void {
    this.#threadsByOwner.set(owner, [...this.list(owner), thread])
  }

  /** Removes an owner's thread, and says whether there was one. */
  remove(owner: string, id: Uint8Array): boolean {
    const threads = this.list(owner)
    const kept = threads.filter((thread) => !isSame(thread.id, id))
    this.#threadsByOwner.set(owner, kept)
    return kept.length < threads.length
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
