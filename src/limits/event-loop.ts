import { monitorEventLoopDelay } from 'node:perf_hooks'

/** How often the event loop's delay is looked at, in ms. */
const INTERVAL_MS = 1_000

/** How precisely it is measured, in ms. */
const RESOLUTION_MS = 20

/** The median delay from which on the server takes no new logins, in ms. */
const MAX_DELAY_MS = 500

/** Watches how far the event loop lags behind: the sign of a process with more to do than it can. */
export class EventLoopWatch {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  readonly #timer: NodeJS.Timeout
  readonly #onSecond: (isLagging: boolean) => void
  #isLagging = false

  /** @param onSecond - is told at the end of each second whether the process lagged in it */
  constructor(onSecond: (isLagging: boolean) => void = () => {}) {
    this.#onSecond = onSecond
    this.#delay.enable()
    this.#timer = setInterval(() => this.#look(), INTERVAL_MS).unref()
  }

  /** Whether the process had more to do in the last second than it could. */
  get isLagging(): boolean {
    return this.#isLagging
  }

  close(): void {
    clearInterval(this.#timer)
    this.#delay.disable()
  }

  #look(): void {
    this.#isLagging = this.#delay.percentile(50) / 1e6 > MAX_DELAY_MS
    this.#delay.reset()
    this.#onSecond(this.#isLagging)
  }
}
