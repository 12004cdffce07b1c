import type { OpenSockets } from './open-sockets.js'

/** After how many seconds of lag in a row every login is refused. */
const SECONDS_TO_REFUSE_ALL = 4

/**
 * Says whose logins are refused while the event loop lags: first those of the addresses that send
 * most. In the first second of lag it is those that sent half of all bytes, then three quarters,
 * then seven eighths; if that doesn't help, everybody's.
 */
export class LoadShedding {
  readonly #sockets: OpenSockets
  readonly #refused = new Set<string>()
  #lagSeconds = 0

  constructor(sockets: OpenSockets) {
    this.#sockets = sockets
  }

  /** Whether a login of an address is to be refused now. */
  refuses(address: string): boolean {
    if (this.#lagSeconds === 0) return false
    return this.#lagSeconds >= SECONDS_TO_REFUSE_ALL || this.#refused.has(address)
  }

  /** Ends a second, and decides on the next one. */
  endSecond(isLagging: boolean): void {
    this.#refused.clear()
    this.#lagSeconds = isLagging ? this.#lagSeconds + 1 : 0
    if (isLagging) this.#refuseLoudest()
    else this.#sockets.endSecond()
  }

  #refuseLoudest(): void {
    const senders: [address: string, bytes: number][] = []
    let left = 0
    this.#sockets.endSecond((address, bytes) => {
      senders.push([address, bytes])
      left += bytes
    })
    left *= 1 - 0.5 ** this.#lagSeconds
    for (const [address, bytes] of senders.sort(([, a], [, b]) => b - a)) {
      if (left <= 0) return
      this.#refused.add(address)
      left -= bytes
    }
  }
}
