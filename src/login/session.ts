import { toMilliseconds } from '../deadline.js'
import { parsePublicKey } from '../keys/public-key.js'
import type { RateLimits } from '../limits/rate-limits.js'
import { ErrorCode, parseAppMessage, type ServerMessage, toBufferJson } from '../protocol.js'
import { AppSide } from './app-side.js'
import { CloseCode } from './close-code.js'
import { AppLeft, LoginFailure, rateLimited, throwIfLimited } from './errors.js'
import type { Observer } from './events.js'
import { type LoginSettings, login } from './login.js'
import type { LoginLog } from './login-log.js'
import type { WaitingRoom } from './pending-logins.js'

/** In how many seconds an app may come back where the process has more to do than it can. */
const RETRY_AFTER_LAG = 2

/** The name of the limit on how often a login may be started. */
const PER_IP = 'logins_per_minute_per_ip'

/** What a session needs of its socket. */
export interface AppSocket {
  /** The client's address, as it is counted. */
  readonly address: string
  /** The origin of the app's page; missing where the app is no browser's. */
  readonly origin: string | undefined
  /** Sends a text frame, or drops it where the socket has closed. */
  send(text: string): void
  /** Closes the socket; doing it twice does no harm. */
  close(code: CloseCode): void
}

/** What every session needs beside its socket. */
export interface SessionSettings extends LoginSettings {
  readonly loginLog: LoginLog
  readonly observer: Observer
  readonly rateLimits: RateLimits
  readonly waitingRoom: WaitingRoom
  /** Whether the process has more to do than it can. */
  readonly eventLoop: { readonly isLagging: boolean }
  /** How long the socket may go without starting a login, in seconds. */
  readonly idleTimeout: number
}

/**
 * What happens on one socket: logins, one at a time. It is in one of two states: waiting for a
 * request, which the idle deadline ends and no message prolongs, or running a login, whose steps
 * have deadlines of their own. PROTOCOL.md has the whole state machine.
 */
export class LoginSession {
  readonly #socket: AppSocket
  readonly #settings: SessionSettings
  /** The app of the login that runs, if one does. */
  #app: AppSide | undefined
  #idle: NodeJS.Timeout | undefined
  #hasLoggedIn = false
  #isDraining = false
  #isClosed = false

  constructor(socket: AppSocket, settings: SessionSettings) {
    this.#socket = socket
    this.#settings = settings
    this.#waitForRequest()
  }

  /** Whether a login runs. */
  get isLoggingIn(): boolean {
    return this.#app !== undefined
  }

  /** Takes a frame from the app. */
  receive(frame: Buffer, isBinary: boolean): void {
    if (this.#isClosed) return
    const message = isBinary ? undefined : parseAppMessage(frame.toString())
    if (message?.type === 'token') this.#startLogin(message.pubkey)
    else if (message?.type === 'challenge') this.#takeSignature(message.sig)
    else this.#refuse()
  }

  /** Ends what runs: the app has gone away. */
  leave(): void {
    this.#isClosed = true
    clearTimeout(this.#idle)
    this.#app?.interrupt(new AppLeft())
  }

  /** Ends the session: at once, or when the login that runs has ended. */
  drain(): void {
    this.#isDraining = true
    if (!this.#app) this.stop()
  }

  /** Ends the session at once, and with it the login that runs. */
  stop(): void {
    if (this.#isClosed) return
    const failure = new LoginFailure(ErrorCode.ShuttingDown)
    if (this.#app) this.#app.interrupt(failure)
    else this.#refuseMessage(failure)
  }

  #startLogin(pubkey: string): void {
    if (this.#app || !parsePublicKey(pubkey)) {
      void this.#complain(this.#app ? ErrorCode.Busy : ErrorCode.InvalidPubkey)
      return
    }
    clearTimeout(this.#idle)
    this.#app = new AppSide(this.#socket, this.#settings.waitingRoom, (challenge) => {
      this.#send({ type: 'challenge', value: toBufferJson(challenge) })
    })
    void this.#runLogin(pubkey, this.#app)
  }

  async #runLogin(pubkey: string, app: AppSide): Promise<void> {
    const entry = this.#settings.loginLog.start(pubkey)
    try {
      await this.#checkLimits(pubkey)
      const value = await login(pubkey, app, this.#settings, entry)
      this.#send({ type: 'token', value, now: new Date().toISOString() })
      this.#hasLoggedIn = true
      entry.succeeded()
    } catch (error) {
      this.#report(error, entry.id)
      entry.failed(error)
    } finally {
      app.end()
      this.#app = undefined
      this.#waitForRequest()
    }
  }

  /** Keeps a login that is one too many from the Hub. */
  async #checkLimits(pubkey: string): Promise<void> {
    const { eventLoop, rateLimits } = this.#settings
    if (eventLoop.isLagging) {
      const retryAfter = RETRY_AFTER_LAG
      throw new LoginFailure(ErrorCode.Overloaded, { retryAfter, limit: 'event_loop_lag' })
    }
    throwIfLimited(await rateLimits.countMessage(this.#socket.address), PER_IP)
    throwIfLimited(await rateLimits.checkKey(pubkey), 'logins_per_minute_per_key')
  }

  #takeSignature(signature: Uint8Array): void {
    if (!this.#app?.takeSignature(signature)) void this.#complain(ErrorCode.NoChallenge)
  }

  /** A frame that is not of the protocol ends the login, if one runs, and the session. */
  #refuse(): void {
    void this.#settings.rateLimits.countMessage(this.#socket.address)
    const failure = new LoginFailure(ErrorCode.BadRequest)
    if (this.#app) this.#app.interrupt(failure)
    else this.#refuseMessage(failure)
  }

  /** Says that a message was of no use. It counts like a login, so that it costs something. */
  async #complain(code: ErrorCode): Promise<void> {
    const retryAfter = await this.#settings.rateLimits.countMessage(this.#socket.address)
    const isLimited = retryAfter > 0
    this.#refuseMessage(isLimited ? rateLimited(retryAfter, PER_IP) : new LoginFailure(code))
  }

  /** Tells the app of a failure that is none of a login's. */
  #refuseMessage(failure: LoginFailure): void {
    this.#settings.observer.messageRefused(failure.code)
    this.#report(failure)
  }

  /**
   * Tells the app what failed, and closes the socket where such a failure is its end.
   *
   * @param id - of the login that failed; missing where no login did
   */
  #report(error: unknown, id?: string): void {
    if (error instanceof AppLeft) return
    const failure = error instanceof LoginFailure ? error : new LoginFailure(ErrorCode.Internal)
    const { code, message: value, retryAfter, limit } = failure
    if (limit) this.#settings.observer.limitHit(limit)
    this.#send({ type: 'error', code, value, retryAfter, id })
    if (code === ErrorCode.BadRequest) this.#close(CloseCode.PolicyViolation)
    if (code === ErrorCode.ShuttingDown) this.#close(CloseCode.GoingAway)
  }

  /** Waits for the next login, for as long as a socket may be idle. */
  #waitForRequest(): void {
    if (this.#isDraining) this.#close(CloseCode.GoingAway)
    if (this.#isClosed) return
    const closeCode = this.#hasLoggedIn ? CloseCode.Normal : CloseCode.PolicyViolation
    this.#idle = setTimeout(
      () => this.#close(closeCode),
      toMilliseconds(this.#settings.idleTimeout),
    )
  }

  #close(code: CloseCode): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#idle)
    this.#socket.close(code)
  }

  #send(message: ServerMessage): void {
    if (!this.#isClosed) this.#socket.send(JSON.stringify(message))
  }
}
