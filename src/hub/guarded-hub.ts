import {
  BrokenCircuitError,
  BulkheadRejectedError,
  bulkhead,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
  type IPolicy,
} from 'cockatiel'
import { secondsNow, withDeadline } from '../deadline.js'
import { Status } from '../grpc/status.js'
import type { ApiKey } from '../keys/api-signature.js'
import { type Hub, HubBusyError, HubError, type TokenCall } from './hub.js'

/** How many failures of the Hub in a row make it count as down. */
const FAILURES_TO_BREAK = 10

/** How long a Hub that is down is left alone before a call tries it again, in ms. */
const REST_MS = 2_000

/** What bounds the asking of a Hub. */
export interface HubGuards {
  /** How many steps may be asked of the Hub at once, and how many may queue; may be `Infinity`. */
  readonly maxHubCalls: number
  /** How long a step may take, its time in the queue included, in seconds. */
  readonly hubTimeout: number
}

/**
 * Frees the place of a step that nobody waits for any more. One for all: every login ends with
 * it, and to make an error, with its stack, is expensive.
 */
const RELEASED = new Error('the call was released')

/** Asks something of the Hub, within bounds; `onLate` is called where its deadline is met. */
type Ask = <T>(work: () => Promise<T>, onLate: () => void) => Promise<T>

/**
 * Keeps a Hub from being asked too much at once, and from being asked in vain while it is down:
 * then every call fails at once, but for one now and then that tries whether it is back. Only
 * failures of the Hub itself count; what an app does wrong never closes it to others.
 */
export class GuardedHub implements Hub {
  readonly #hub: Hub
  readonly #timeout: number
  readonly #slots: IPolicy
  #callsInFlight = 0
  readonly #breaker = circuitBreaker(handleWhen(isHubDown), {
    breaker: new ConsecutiveBreaker(FAILURES_TO_BREAK),
    halfOpenAfter: REST_MS,
  })

  constructor(hub: Hub, { maxHubCalls, hubTimeout }: HubGuards) {
    this.#hub = hub
    this.#timeout = hubTimeout
    this.#slots = bulkhead(maxHubCalls, maxHubCalls)
  }

  /** Whether the Hub counts as down. */
  get isDown(): boolean {
    return this.#breaker.state !== CircuitState.Closed
  }

  /** How many steps the Hub is asked for now; those that queue are not among them. */
  get callsInFlight(): number {
    return this.#callsInFlight
  }

  requestToken(pubkey: string, apiKey: ApiKey): TokenCall {
    return new GuardedCall(
      () => this.#hub.requestToken(pubkey, apiKey),
      (work, onLate) => this.#ask(work, onLate),
    )
  }

  async #ask<T>(work: () => Promise<T>, onLate: () => void): Promise<T> {
    // While one call tries whether the Hub is back, the others don't wait for what it finds.
    if (this.#breaker.state === CircuitState.HalfOpen) throw new HubError('the Hub is down')
    const endsAt = secondsNow() + this.#timeout
    const step = async (): Promise<T> => {
      const left = endsAt - secondsNow()
      if (left <= 0) throw new HubBusyError()
      this.#callsInFlight += 1
      try {
        return await withDeadline(left, work(), () => {
          onLate()
          return lateError()
        })
      } finally {
        this.#callsInFlight -= 1
      }
    }
    try {
      return await this.#breaker.execute(() => this.#slots.execute(step))
    } catch (error) {
      if (error instanceof BulkheadRejectedError) throw new HubBusyError()
      if (error instanceof BrokenCircuitError) throw new HubError('the Hub is down')
      throw error
    }
  }
}

/** A call whose steps are asked within bounds. */
class GuardedCall implements TokenCall {
  readonly challenge: Promise<Uint8Array>
  readonly failed: Promise<never>
  readonly #ask: Ask
  readonly #released: Promise<never>
  #call: TokenCall | undefined
  #isReleased = false
  #fail: (error: unknown) => void = () => {}
  #freeStep: (reason: Error) => void = () => {}
  readonly #onLate = () => this.#call?.release('late')

  constructor(open: () => TokenCall, ask: Ask) {
    this.#ask = ask
    this.failed = new Promise((_, reject) => {
      this.#fail = reject
    })
    this.#released = new Promise((_, reject) => {
      this.#freeStep = reject
    })
    this.challenge = ask(() => {
      if (this.#isReleased) return this.#released
      this.#call = open()
      this.#call.failed.catch(this.#fail)
      return Promise.race([this.#call.challenge, this.#released])
    }, this.#onLate)
    for (const promise of [this.failed, this.#released, this.challenge]) promise.catch(() => {})
  }

  answer(signature: Uint8Array): Promise<string> {
    const call = this.#call
    if (!call) throw new TypeError('a signature comes after a challenge')
    return this.#ask(() => Promise.race([call.answer(signature), this.#released]), this.#onLate)
  }

  release(): void {
    this.#isReleased = true
    this.#call?.release()
    this.#freeStep(RELEASED)
  }
}

function lateError(): HubError {
  const status = { code: Status.DeadlineExceeded, message: '' }
  return new HubError('the Hub took too long', { status })
}

/** Whether an error tells that the Hub is down, rather than that it refused something. */
function isHubDown(error: Error): boolean {
  if (!(error instanceof HubError)) return false
  switch (error.status?.code) {
    case undefined:
    case Status.DeadlineExceeded:
    case Status.Internal:
    case Status.Unavailable:
      return true
    default:
      return false
  }
}
