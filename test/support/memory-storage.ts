import type { StorageLike } from '../../src/client/types.js'

/** A `Storage` as browsers have it, and what is in it. */
export class MemoryStorage implements StorageLike {
  readonly entries = new Map<string, string>()

  getItem(name: string): string | null {
    return this.entries.get(name) ?? null
  }

  setItem(name: string, value: string): void {
    this.entries.set(name, value)
  }

  removeItem(name: string): void {
    this.entries.delete(name)
  }
}

/** A `Storage` of which some methods throw, as where a browser blocks or has filled it. */
export function brokenStorage(...methods: (keyof StorageLike)[]): MemoryStorage {
  const storage = new MemoryStorage()
  for (const method of methods) {
    storage[method] = () => {
      throw new DOMException('The quota has been exceeded.', 'QuotaExceededError')
    }
  }
  return storage
}
