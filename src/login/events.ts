import type { HubReadiness } from '../hub/server-key.js'
import type { LimitName, Limits } from '../limits/limits.js'
import type { ErrorCode } from '../protocol.js'

/**
 * The steps of a login that are timed. `user` is everything between the Hub's token and the
 * app's: whether the user may log in, and the record of it.
 */
export const LOGIN_STEPS = ['hub_challenge', 'signature', 'hub_token', 'user'] as const

/** One of {@link LOGIN_STEPS}. */
export type LoginStep = (typeof LOGIN_STEPS)[number]

/** How a login has ended: well, with an error that the app was told, or because its app left. */
export type LoginOutcome = 'ok' | 'app_left' | ErrorCode

/** The HTTP statuses with which upgrades are refused. */
export const REFUSAL_STATUSES = [403, 404, 429, 503] as const

/** One of {@link REFUSAL_STATUSES}. */
export type RefusalStatus = (typeof REFUSAL_STATUSES)[number]

/** What a server has open now. */
export interface ServerCounts {
  /** Logins that run. */
  readonly logins: number
  /** Logins among them that wait for their apps' signatures. */
  readonly waiting: number
  /** WebSockets that are open. */
  readonly sockets: number
  /** TCP connections that are open, those of WebSockets among them. */
  readonly connections: number
  /** Steps of logins that the Hub is asked for; those that queue are not among them. */
  readonly hubCalls: number
}

/** Whether a server can log users in now, and if not, why. */
export type Readiness = HubReadiness | 'draining'

/** What can be asked of a running server at any time. */
export interface ServerView {
  readonly limits: Limits
  count(): ServerCounts
  /** Whether the Hub has failed so often in a row that it is left alone. */
  isHubDown(): boolean
  /** May ask the Hub, and so take as long as the Hub may. */
  findReadiness(): Promise<Readiness>
}

/** Is told what happens in a server. It must be quick, and must not throw. */
export interface LoginEvents {
  /** The server listens; from now on it can be looked at. */
  serverOpened(server: ServerView): void
  loginEnded(outcome: LoginOutcome): void
  /** @param seconds - how long the step took, whether it ended well or not */
  stepEnded(step: LoginStep, seconds: number): void
  /** A message got an error without a login having ended with it. */
  messageRefused(code: ErrorCode): void
  upgradeRefused(status: RefusalStatus): void
  /** A login, a message or an upgrade was refused because of a limit. */
  limitHit(limit: LimitName): void
}
