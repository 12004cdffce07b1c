import type { AddressTraffic } from './open-sockets.js'

/**
 * How many bytes may come on a socket before each of its logins has ended: a login takes less than
 * 1 kB, and with the largest messages that are allowed 8 kB.
 */
const MAX_BYTES_PER_LOGIN = 64 * 1024

/**
 * What a ping counts for beside its own bytes, since each is answered: with 512, 128 of them are a
 * flood. Nobody honest sends as many in the 40 s that a login may take.
 */
export const PING_BYTES = 512

/** The most fragments that a message may come in. Clients send messages so short in one. */
export const MAX_FRAGMENTS = 16

/** Bounds what comes on a socket, by its bytes, whatever they are: messages, pings or fragments. */
export class SocketTraffic {
  readonly #address: AddressTraffic
  #bytes = 0

  /** @param address - where bytes are counted for all sockets of the address */
  constructor(address: AddressTraffic) {
    this.#address = address
  }

  /**
   * Counts bytes that have come.
   *
   * @returns whether they are more than a login may take
   */
  add(bytes: number): boolean {
    this.#address.bytes += bytes
    this.#bytes += bytes
    return this.#bytes > MAX_BYTES_PER_LOGIN
  }

  /** A login has ended: as much may come for the next one. */
  loginEnded(): void {
    this.#bytes = 0
  }
}
