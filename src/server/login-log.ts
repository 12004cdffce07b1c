import { HubError } from '../hub/hub.js'
import type { Log } from '../log.js'
import { AppLeft, LoginFailure } from './login-failure.js'

/** The log of one login, from its start to its one line. */
export interface LoginEntry {
  succeeded(): void
  failed(error: unknown): void
}

/**
 * Writes a line for each login when it has ended, and counts those that run. Lines name the user
 * by a shortened public key, and hold no secret, token or signature.
 */
export class LoginLog {
  readonly #log: Log
  #running = 0

  constructor(log: Log) {
    this.#log = log
  }

  /** How many logins run now. */
  get running(): number {
    return this.#running
  }

  /** @param pubkey - the user's public key, in canonical text */
  start(pubkey: string): LoginEntry {
    this.#running += 1
    const startedAt = performance.now()
    const end = (): { user: string; ms: number } => {
      this.#running -= 1
      return { user: shortKey(pubkey), ms: Math.round(performance.now() - startedAt) }
    }
    return {
      succeeded: () => this.#log.info({ ...end(), outcome: 'ok' }, 'login'),
      failed: (error) => this.#writeFailure(end(), error),
    }
  }

  #writeFailure(fields: object, error: unknown): void {
    if (error instanceof AppLeft) {
      this.#log.info({ ...fields, outcome: 'app_left' }, 'login')
    } else if (error instanceof LoginFailure && error.code !== 'internal') {
      const line = { ...fields, outcome: error.code, ...describe(error.cause) }
      if (error.code.startsWith('hub_')) this.#log.warn(line, 'login')
      else this.#log.info(line, 'login')
    } else {
      this.#log.error({ ...fields, outcome: 'internal', err: error }, 'login')
    }
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
