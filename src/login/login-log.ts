import { randomUUID } from 'node:crypto'
import { HubError } from '../hub/hub.js'
import type { Log } from '../log.js'
import { AppLeft, LoginFailure } from './errors.js'
import type { LoginOutcome, LoginStep, Observer } from './events.js'
import type { StepWatch } from './login.js'

/** Where the last group of a UUID begins: 12 hexadecimal digits, all of them random. */
const LAST_GROUP = 24

/**
 * Writes a line for each login when it has ended, at level `debug` one for each of its steps too,
 * and counts those that run. A login's lines share an id. Lines name the user by a shortened
 * public key, and hold no secret, token or signature.
 */
export class LoginLog {
  readonly #log: Log
  readonly #observer: Observer
  #running = 0

  /** @param observer - is told of the same */
  constructor(log: Log, observer: Observer) {
    this.#log = log
    this.#observer = observer
  }

  /** How many logins run now. */
  get running(): number {
    return this.#running
  }

  /** @param pubkey - the user's public key, in canonical text */
  start(pubkey: string): LoginEntry {
    this.#running += 1
    return new LoginEntry(pubkey, this.#log, this.#observer, () => {
      this.#running -= 1
    })
  }
}

/** The log of one login, from its start to its last line. */
export class LoginEntry implements StepWatch {
  /** Names the login in all its lines, and in the error that its app is sent. */
  readonly id = randomUUID().slice(LAST_GROUP)
  readonly #pubkey: string
  readonly #log: Log
  readonly #observer: Observer
  readonly #onEnd: () => void
  readonly #startedAt = performance.now()
  #step: LoginStep | undefined
  #stepStartedAt = 0

  constructor(pubkey: string, log: Log, observer: Observer, onEnd: () => void) {
    this.#pubkey = pubkey
    this.#log = log
    this.#observer = observer
    this.#onEnd = onEnd
  }

  begin(step: LoginStep): void {
    this.end()
    this.#step = step
    this.#stepStartedAt = performance.now()
  }

  end(): void {
    if (!this.#step) return
    const ms = performance.now() - this.#stepStartedAt
    this.#observer.stepEnded(this.#step, ms / 1000)
    this.#log.debug({ id: this.id, step: this.#step, ms: Math.round(ms) }, 'login step')
    this.#step = undefined
  }

  succeeded(): void {
    this.#log.info(this.#close('ok'), 'login')
  }

  failed(error: unknown): void {
    if (error instanceof AppLeft) {
      this.#log.info(this.#close('app_left'), 'login')
    } else if (error instanceof LoginFailure && error.code !== 'internal') {
      const { code, limit, cause } = error
      const line = { ...this.#close(code), ...(limit ? { limit } : {}), ...describe(cause) }
      if (code.startsWith('hub_')) this.#log.warn(line, 'login')
      else this.#log.info(line, 'login')
    } else {
      this.#log.error({ ...this.#close('internal'), err: error }, 'login')
    }
  }

  /** @returns what the login's last line says in any case */
  #close(outcome: LoginOutcome): object {
    this.end()
    this.#onEnd()
    this.#observer.loginEnded(outcome)
    const ms = Math.round(performance.now() - this.#startedAt)
    return { id: this.id, user: shortKey(this.#pubkey), ms, outcome }
  }
}

/** What the log says of why the Hub failed: words of our own, codes of gRPC and the system. */
function describe(cause: unknown): object {
  if (!(cause instanceof HubError)) return {}
  const system = cause.cause
  return {
    reason: cause.message,
    ...(system instanceof Error && 'code' in system ? { errno: system.code } : {}),
  }
}

/** Shortens a public key: enough to recognise a user by. */
function shortKey(pubkey: string): string {
  return `${pubkey.slice(0, 12)}…${pubkey.slice(-4)}`
}
