/** What an address has open, and sends. */
export interface AddressTraffic {
  readonly address: string
  /** How many of its sockets are open. */
  sockets: number
  /** How many bytes have come on them in the second that runs. */
  bytes: number
}

/** Counts open sockets, in all and by address, and the bytes that come on them. */
export class OpenSockets {
  readonly #byAddress = new Map<string, AddressTraffic>()
  #total = 0

  /** How many are open. */
  get total(): number {
    return this.#total
  }

  /** How many an address has open. */
  of(address: string): number {
    return this.#byAddress.get(address)?.sockets ?? 0
  }

  /** Adds a socket, whose bytes are to be added to what is returned. */
  add(address: string): AddressTraffic {
    this.#total += 1
    const known = this.#byAddress.get(address)
    const traffic = known ?? { address, sockets: 0, bytes: 0 }
    if (!known) this.#byAddress.set(address, traffic)
    traffic.sockets += 1
    return traffic
  }

  remove(traffic: AddressTraffic): void {
    this.#total -= 1
    traffic.sockets -= 1
  }

  /**
   * Ends a second: every address begins the next one with 0 bytes, and those without a socket are
   * forgotten.
   *
   * @param look - is shown each address, while it has the bytes of the second that has ended
   */
  endSecond(look: (address: string, bytes: number) => void = () => {}): void {
    for (const traffic of this.#byAddress.values()) {
      look(traffic.address, traffic.bytes)
      traffic.bytes = 0
      if (traffic.sockets === 0) this.#byAddress.delete(traffic.address)
    }
  }
}
