import { randomUUID } from 'node:crypto'
import { HubError } from '../hub/hub.js'
import type { RenewalClaims } from '../keys/renewal.js'
import { codeOf, type LineWriter } from '../log.js'
import type { ErrorCode } from '../protocol.js'
import { ClientDisconnected, LoginError } from './errors.js'
import {
  type LoginEvents,
  type LoginOutcome,
  type LoginStep,
  RENEWAL_OUTCOMES,
  type RenewalOutcome,
} from './events.js'
import type { LoginTrace } from './login.js'

/** Where the last group of a UUID begins: 12 hexadecimal digits, all of them random. */
const LAST_GROUP = 24

/**
 * Writes a line for each login and renewal when it has ended, at level `debug` one for each step of
 * a login too, and counts the logins that run. A login's lines share an id. Lines name the user by a shortened
 * public key, and hold no secret, token or signature.
 */
export class LoginLog {
  readonly #log: LineWriter
  readonly #events: LoginEvents | undefined
  #running = 0

  /** @param events - are told of the same; nobody is where missing */
  constructor(log: LineWriter, events?: LoginEvents) {
    this.#log = log
    this.#events = events
  }

  /** The number of logins that run now. */
  get running(): number {
    return this.#running
  }

  /** @param pubkey - the user's public key, in canonical text */
  start(pubkey: string): LoginRecord {
    this.#running += 1
    return new LoginRecord(pubkey, this.#log, this.#events, () => {
      this.#running -= 1
    })
  }

  startRenewal(): RenewalRecord {
    return new RenewalRecord(this.#log, this.#events)
  }

  /** A message that belongs to no login could not be dealt with. */
  messageFailed(err: unknown): void {
    this.#log.error({ err }, 'message failed')
  }
}

/** The record of one login, from its start to its last line. */
export class LoginRecord implements LoginTrace {
  /** Names the login in all its lines, and in the error that its app is sent. */
  readonly id = randomId()
  readonly #pubkey: string
  readonly #log: LineWriter
  readonly #events: LoginEvents | undefined
  readonly #onEnd: () => void
  readonly #startedAt = performance.now()
  #step: LoginStep | undefined
  #stepStartedAt = 0

  constructor(pubkey: string, log: LineWriter, events: LoginEvents | undefined, onEnd: () => void) {
    this.#pubkey = pubkey
    this.#log = log
    this.#events = events
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
    this.#events?.stepEnded(this.#step, ms / 1000)
    this.#log.debug({ id: this.id, step: this.#step, ms: Math.round(ms) }, 'login step')
    this.#step = undefined
  }

  succeeded(): void {
    this.#log.info(this.#close('ok'), 'login')
  }

  failed(error: unknown): void {
    if (error instanceof ClientDisconnected) {
      this.#log.info(this.#close('app_left'), 'login')
    } else if (error instanceof LoginError && error.code !== 'internal') {
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
    this.#events?.loginEnded(outcome)
    const ms = Math.round(performance.now() - this.#startedAt)
    return { id: this.id, user: shortKey(this.#pubkey), ms, outcome }
  }
}

/** The record of one request for a renewal. */
export class RenewalRecord {
  /** Names the request in its line, and in the error that its app is sent. */
  readonly id = randomId()
  readonly #log: LineWriter
  readonly #events: LoginEvents | undefined
  readonly #startedAt = performance.now()
  #claims: RenewalClaims | undefined

  constructor(log: LineWriter, events: LoginEvents | undefined) {
    this.#log = log
    this.#events = events
  }

  /** The renewal is genuine: whose it is can be told from here on. */
  isGenuine(claims: RenewalClaims): void {
    this.#claims = claims
  }

  succeeded(): void {
    this.#log.info(this.#close('ok'), 'renewal')
  }

  failed({ code, limit, cause }: LoginError): void {
    const line = { ...this.#close(outcomeOf(code)), ...(limit ? { limit } : {}) }
    if (code === 'internal') this.#log.error({ ...line, err: cause }, 'renewal')
    else if (this.#claims) this.#log.info(line, 'renewal')
    // Whoever can reach the server can send as many of these as the limits allow.
    else this.#log.debug(line, 'renewal')
  }

  #close(outcome: RenewalOutcome): object {
    const ms = performance.now() - this.#startedAt
    this.#events?.renewalEnded(outcome)
    const line = { id: this.id, ms: Math.round(ms), outcome }
    if (!this.#claims) return line
    this.#events?.stepEnded('renewal', ms / 1000)
    return { ...line, login: this.#claims.loginId, user: shortKey(this.#claims.pubkey) }
  }
}

function outcomeOf(code: ErrorCode): RenewalOutcome {
  return RENEWAL_OUTCOMES.find((outcome) => outcome === code) ?? 'internal'
}

/** What the log says of why the Hub failed: words of our own, codes of gRPC and the system. */
function describe(cause: unknown): object {
  if (!(cause instanceof HubError)) return {}
  const errno = codeOf(cause.cause)
  return { reason: cause.message, ...(errno === undefined ? {} : { errno }) }
}

function randomId(): string {
  return randomUUID().slice(LAST_GROUP)
}

/** Shortens a public key: enough to recognise a user by. */
function shortKey(pubkey: string): string {
  return `${pubkey.slice(0, 12)}…${pubkey.slice(-4)}`
}
