import { Counter, Histogram, type Registry } from 'prom-client'
import { LIMIT_NAMES, type LimitName } from '../limits/limits.js'
import {
  type LoginEvents,
  type LoginOutcome,
  REFUSAL_STATUSES,
  RENEWAL_OUTCOMES,
  type RefusalStatus,
  type RenewalOutcome,
  type ServerView,
  TIMED_STEPS,
  type TimedStep,
} from '../login/events.js'
import { ErrorCode } from '../protocol.js'
import { addServerGauges } from './server-gauges.js'

/**
 * The upper ends of the buckets in which steps are counted, in seconds: from a nearby Hub, which
 * takes a few ms, to its default deadline of 10 s and the app's of 30 s.
 */
const STEP_BUCKETS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/**
 * Counts what happens in a server. Labels have a fixed set of values each, none of which comes from
 * a client, and every count is there from the start: a rate needs the 0 before the first 1.
 */
export class EventMetrics implements LoginEvents {
  readonly #registry: Registry
  readonly #logins: Counter<'outcome'>
  readonly #renewals: Counter<'outcome'>
  readonly #steps: Histogram<'step'>
  readonly #messages: Counter<'code'>
  readonly #upgrades: Counter<'status'>
  readonly #limits: Counter<'limit'>

  /** @param registry - where the metrics are to be found */
  constructor(registry: Registry) {
    this.#registry = registry
    const registers = [registry]
    this.#logins = new Counter({
      name: 'userauth_logins_total',
      help: 'Logins that have ended: ok, app_left, or the code of the error that the app was sent.',
      labelNames: ['outcome'],
      registers,
    })
    this.#renewals = new Counter({
      name: 'userauth_renewals_total',
      help: 'Renewals that have ended: ok, or the code of the error that the app was sent.',
      labelNames: ['outcome'],
      registers,
    })
    this.#steps = new Histogram({
      name: 'userauth_login_step_duration_seconds',
      help: 'How long each step of a login, and a renewal, took, whether it ended well or not.',
      labelNames: ['step'],
      buckets: STEP_BUCKETS,
      registers,
    })
    this.#messages = new Counter({
      name: 'userauth_messages_refused_total',
      help: 'Messages that got an error without a login having ended with it, by its code.',
      labelNames: ['code'],
      registers,
    })
    this.#upgrades = new Counter({
      name: 'userauth_upgrades_refused_total',
      help: 'WebSocket upgrades that were refused, by HTTP status.',
      labelNames: ['status'],
      registers,
    })
    this.#limits = new Counter({
      name: 'userauth_limits_hit_total',
      help: 'Logins, messages, renewals and upgrades that were refused because of a limit, by limit.',
      labelNames: ['limit'],
      registers,
    })
    this.#startAtZero()
  }

  serverOpened(server: ServerView): void {
    addServerGauges(this.#registry, server)
  }

  loginEnded(outcome: LoginOutcome): void {
    this.#logins.inc({ outcome })
  }

  renewalEnded(outcome: RenewalOutcome): void {
    this.#renewals.inc({ outcome })
  }

  stepEnded(step: TimedStep, seconds: number): void {
    this.#steps.observe({ step }, seconds)
  }

  messageRefused(code: ErrorCode): void {
    this.#messages.inc({ code })
  }

  upgradeRefused(status: RefusalStatus): void {
    this.#upgrades.inc({ status })
  }

  limitHit(limit: LimitName): void {
    this.#limits.inc({ limit })
  }

  #startAtZero(): void {
    const codes = Object.values(ErrorCode)
    for (const outcome of ['ok', 'app_left', ...codes]) this.#logins.inc({ outcome }, 0)
    for (const outcome of RENEWAL_OUTCOMES) this.#renewals.inc({ outcome }, 0)
    for (const step of TIMED_STEPS) this.#steps.zero({ step })
    for (const code of codes) this.#messages.inc({ code }, 0)
    for (const status of REFUSAL_STATUSES) this.#upgrades.inc({ status }, 0)
    for (const limit of LIMIT_NAMES) this.#limits.inc({ limit }, 0)
  }
}
