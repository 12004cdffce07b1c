import { Buckets, Client, type PrivateKey, Users } from '@textile/hub'
import {
  type LogIn,
  type LoginStep,
  loginWithChallenge,
  type UserAuth,
} from '../../client/browser.js'
import { withDeadline } from '../../deadline.js'
import { PageError, SessionClosedError } from './errors.js'
import { findSettings } from './settings.js'

/** How long a call to the Hub, a login within it included, may take, in s: the SDK never stops. */
const HUB_CALL_TIMEOUT = 30

/** How many attempts a login makes after its first, so that a person soon sees what is wrong. */
const RETRIES = 1

/** Who is told of a session. */
export interface SessionListeners {
  stepped(step: LoginStep): void
  loggedIn(userAuth: UserAuth): void
}

/** The SDK's classes, for one question to the Hub: they keep the last thread, and go on naming it. */
export interface HubClients {
  readonly client: Client
  readonly buckets: Buckets
  readonly users: Users
}

/** What the page does in the name of one identity. */
export class Session {
  readonly identity: PrivateKey
  /** Aborts when the session is closed. */
  readonly #closing = new AbortController()
  readonly #listeners: SessionListeners
  readonly #login: LogIn

  constructor(identity: PrivateKey, listeners: SessionListeners) {
    this.identity = identity
    this.#listeners = listeners
    this.#login = loginWithChallenge(identity, {
      retries: RETRIES,
      signal: this.#closing.signal,
      onStep: (step) => listeners.stepped(step),
    })
  }

  /** Logs in, unless the last login is still good. */
  async logIn(): Promise<UserAuth> {
    const userAuth = await this.#login()
    this.#listeners.loggedIn(userAuth)
    return userAuth
  }

  /**
   * Asks the Hub as the identity, as soon as the page knows where the Hub is.
   *
   * @param timeout - how long that may take, in seconds
   * @throws SessionClosedError once the session is closed, even where the Hub has answered
   */
  async ask<T>(
    question: (hub: HubClients) => Promise<T>,
    timeout: number = HUB_CALL_TIMEOUT,
  ): Promise<T> {
    const { hubUrl } = await findSettings()
    const answer = async () => {
      // Not a callback: until a first call has been made with one, Users refuses to make any, and
      // Buckets to be told a thread.
      const userAuth = await this.logIn()
      return question({
        client: Client.withUserAuth(userAuth, hubUrl),
        buckets: Buckets.withUserAuth(userAuth, { host: hubUrl }),
        users: Users.withUserAuth(userAuth, { host: hubUrl }),
      })
    }
    try {
      const answered = await withDeadline(timeout, answer(), lateError)
      this.#checkOpen()
      return answered
    } catch (error) {
      this.#checkOpen()
      throw error
    }
  }

  #checkOpen(): void {
    if (this.#closing.signal.aborted) throw new SessionClosedError('the session is closed')
  }

  /** Ends its login, if one runs, and has what it was asked for end without an answer. */
  close(): void {
    this.#closing.abort()
    this.#login.forget()
  }
}

function lateError(): PageError {
  return new PageError(
    'The Hub has not answered in time.',
    'It may be busy. Try again in a moment.',
  )
}
