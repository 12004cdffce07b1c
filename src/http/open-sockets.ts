/** Counts open sockets, in all and by address. */
export class OpenSockets {
  readonly #byAddress = new Map<string, number>()
  #total = 0

  /** How many are open. */
  get total(): number {
    return this.#total
  }

  /** How many an address has open. */
  of(address: string): number {
    return this.#byAddress.get(address) ?? 0
  }

  add(address: string): void {
    this.#total += 1
    this.#byAddress.set(address, this.of(address) + 1)
  }

  remove(address: string): void {
    this.#total -= 1
    const left = this.of(address) - 1
    if (left > 0) this.#byAddress.set(address, left)
    else this.#byAddress.delete(address)
  }
}
