import {
  BrokenCircuitError,
  BulkheadRejectedError,
  bulkhead,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
  type IBackoff,
  type IBackoffFactory,
  type IPolicy,
} from 'cockatiel'
import { createPendingFailure, secondsNow, withDeadline } from '../deadline.js'
import { Status } from '../grpc/status.js'
import type { ApiKey } from '../keys/api-signature.js'
import { type Hub, HubBusyError, HubError, type TokenCall } from './hub.js'

/** How many failures of the Hub in a row make it count as down. */
const FAILURES_TO_BREAK = 10

/** How long a Hub that is down is left alone before a call tries it again, in seconds. */
const REST = 2

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
  readonly #breaker = circuitBreaker(handleWhen(opensBreaker), {
    breaker: new ConsecutiveBreaker(FAILURES_TO_BREAK),
    halfOpenAfter: restAfter,
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
    const isTrial = this.#breaker.state === CircuitState.Open
    try {
      return await this.#breaker.execute(() => {
        const asked = this.#slots.execute(step)
        return isTrial ? asked.catch(judgeTrial) : asked
      })
    } catch (thrown) {
      const error = thrown instanceof UndecidedTrial ? thrown.cause : thrown
      if (error instanceof BulkheadRejectedError) throw new HubBusyError()
      if (error instanceof BrokenCircuitError) throw new HubError('the Hub is down')
      throw error
    }
  }
}

/** A call whose steps are asked within bounds. */
class GuardedCall implements TokenCall {
  readonly challenge: Promise<Uint8Array>
  readonly #failure = createPendingFailure()
  readonly failed = this.#failure.promise
  readonly #ask: Ask
  /** Rejects once nobody waits for the step that runs. */
  readonly #release = createPendingFailure()
  #call: TokenCall | undefined
  #isReleased = false
  readonly #onLate = () => this.#call?.release('late')

  constructor(open: () => TokenCall, ask: Ask) {
    this.#ask = ask
    this.challenge = ask(() => {
      if (this.#isReleased) return this.#release.promise
      this.#call = open()
      this.#call.failed.catch(this.#failure.reject)
      return Promise.race([this.#call.challenge, this.#release.promise])
    }, this.#onLate)
    this.challenge.catch(() => {})
  }

  answer(signature: Uint8Array): Promise<string> {
    const call = this.#call
    if (!call) throw new TypeError('a signature comes after a challenge')
    const answer = () => Promise.race([call.answer(signature), this.#release.promise])
    return this.#ask(answer, this.#onLate)
  }

  release(): void {
    this.#isReleased = true
    this.#call?.release()
    this.#release.reject(RELEASED)
  }
}

function lateError(): HubError {
  const status = { code: Status.DeadlineExceeded, message: '' }
  return new HubError('the Hub took too long', { status })
}

/** The call that tried whether the Hub is back has ended before the Hub said anything. */
class UndecidedTrial extends Error {
  override readonly name = 'UndecidedTrial'

  /** @param cause - what the call has ended with */
  constructor(cause: unknown) {
    super('the Hub was not tried', { cause })
  }
}

/** What the failure of a trial tells of the Hub: nothing, unless it comes from the Hub. */
function judgeTrial(error: unknown): never {
  throw error instanceof HubError ? error : new UndecidedTrial(error)
}

/** Whether an error opens the breaker, or keeps it open: the next call is the next trial. */
function opensBreaker(error: Error): boolean {
  return error instanceof UndecidedTrial || isHubDown(error)
}

/**
 * How long the Hub is left alone: not at all after a trial that told nothing. Cockatiel compares
 * `duration` with a difference of `Date.now()`, which jumps when the system's clock is set, so it
 * is either beyond all differences or below them, by a clock that is never set.
 */
const restAfter: IBackoffFactory<{ result: object }> = {
  next({ result }): IBackoff<{ result: object }> {
    const isUndecided = 'error' in result && result.error instanceof UndecidedTrial
    const endsAt = secondsNow() + (isUndecided ? 0 : REST)
    return {
      next: restAfter.next,
      get duration() {
        return secondsNow() < endsAt ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY
      },
    }
  },
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
