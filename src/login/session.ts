import { toMilliseconds } from '../deadline.js'
import { parsePublicKey } from '../keys/public-key.js'
import { RETRY_AFTER_LOAD } from '../limits/limits.js'
import type { LoadShedding } from '../limits/load-shedding.js'
import type { RateLimits } from '../limits/rate-limits.js'
import {
  CloseCode,
  ErrorCode,
  parseAppMessage,
  type ServerMessage,
  toBufferJson,
} from '../protocol.js'
import { ClientDisconnected, LoginError, rateLimited } from './errors.js'
import type { LoginEvents } from './events.js'
import { type LoginSettings, login } from './login.js'
import type { LoginLog } from './login-log.js'
import type { PendingLogins } from './pending-logins.js'
import { RunningLogin } from './running-login.js'

/** How many useless messages, or requests beyond a limit, a socket may send; the last closes it. */
const MAX_USELESS_MESSAGES = 20

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
  /** Closes the socket because it floods, and counts that against its address. */
  closeFlood(): void
  /** A login has ended that was within the limits: the app may send as much again. */
  loginEnded(): void
}

/** What every session needs beside its socket. */
export interface SessionSettings extends LoginSettings {
  readonly loginLog: LoginLog
  /** Are told what happens; nobody is where missing. */
  readonly events?: LoginEvents | undefined
  readonly rateLimits: RateLimits
  readonly pendingLogins: PendingLogins
  /** Whose logins are refused because the process has more to do than it can. */
  readonly loadShedding: Pick<LoadShedding, 'refuses'>
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
  #login: RunningLogin | undefined
  /** Fulfils when the last login has ended. */
  #loginEnded: Promise<void> = Promise.resolve()
  #idle: NodeJS.Timeout | undefined
  /** How many messages were useless, or beyond a limit. */
  #useless = 0
  #hasLoggedIn = false
  #isDraining = false
  #isClosed = false

  constructor(socket: AppSocket, settings: SessionSettings) {
    this.#socket = socket
    this.#settings = settings
    this.#waitForRequest()
  }

  /** Takes a frame from the app. */
  receive(frame: Buffer, isBinary: boolean): void {
    if (this.#isClosed || this.#useless >= MAX_USELESS_MESSAGES) return
    const message = isBinary ? undefined : parseAppMessage(frame.toString())
    if (message?.type === 'token') this.#startLogin(message.pubkey)
    else if (message?.type === 'challenge') this.#takeSignature(message.sig)
    else this.#takeGarbage()
  }

  /** The app has disconnected, or is being cut off: ends the login that runs. */
  disconnected(): void {
    this.#isClosed = true
    clearTimeout(this.#idle)
    this.#login?.abort(new ClientDisconnected())
  }

  /** Ends the session when the login that runs has ended; at once where none does. */
  async drain(): Promise<void> {
    this.#isDraining = true
    if (!this.#login) this.stop()
    await this.#loginEnded
  }

  /** Ends the session at once, and with it the login that runs. */
  stop(): void {
    if (!this.#isClosed) this.#end(new LoginError(ErrorCode.ShuttingDown))
  }

  #startLogin(pubkey: string): void {
    if (this.#login || !parsePublicKey(pubkey)) {
      this.#complain(this.#login ? ErrorCode.Busy : ErrorCode.InvalidPubkey)
      return
    }
    clearTimeout(this.#idle)
    this.#login = new RunningLogin(this.#socket.address, this.#settings.pendingLogins)
    this.#loginEnded = this.#runLogin(pubkey, this.#login)
  }

  async #runLogin(pubkey: string, running: RunningLogin): Promise<void> {
    const { address, origin } = this.#socket
    const record = this.#settings.loginLog.start(pubkey)
    let isWithinLimits = false
    try {
      await this.#checkLimits(pubkey)
      isWithinLimits = true
      const user = { pubkey, address, origin }
      const sign = (challenge: Uint8Array) =>
        running.challenge(() => this.#send({ type: 'challenge', value: toBufferJson(challenge) }))
      const value = await login(user, sign, this.#settings, running.signal, record)
      this.#send({ type: 'token', value, now: new Date().toISOString() })
      this.#hasLoggedIn = true
      record.succeeded()
    } catch (error) {
      this.#report(error, record.id)
      record.failed(error)
    } finally {
      running.endChallenge()
      this.#login = undefined
      if (isWithinLimits) this.#socket.loginEnded()
      else if (this.#isOneTooMany()) this.#closeFlood()
      this.#waitForRequest()
    }
  }

  /** Keeps a login that is one too many from the Hub. */
  async #checkLimits(pubkey: string): Promise<void> {
    const { loadShedding, rateLimits } = this.#settings
    if (loadShedding.refuses(this.#socket.address)) {
      const details = { retryAfter: RETRY_AFTER_LOAD, limit: 'event_loop_lag' } as const
      throw new LoginError(ErrorCode.Overloaded, details)
    }
    const wait = await rateLimits.countMessage(this.#socket.address)
    if (wait > 0) throw rateLimited(wait, PER_IP)
    const keyWait = await rateLimits.checkKey(pubkey)
    if (keyWait > 0) throw rateLimited(keyWait, 'logins_per_minute_per_key')
  }

  #takeSignature(signature: Uint8Array): void {
    if (!this.#login?.takeSignature(signature)) this.#complain(ErrorCode.NoChallenge)
  }

  /** A frame that is not of the protocol ends the login, if one runs, and the session. */
  #takeGarbage(): void {
    this.#useless += 1
    this.#settings.rateLimits
      .countMessage(this.#socket.address)
      .catch((error: unknown) => this.#settings.loginLog.messageFailed(error))
    this.#end(new LoginError(ErrorCode.BadRequest))
  }

  /** Ends the login that runs, or tells the app directly where none does. */
  #end(error: LoginError): void {
    if (this.#login) this.#login.abort(error)
    else this.#refuseMessage(error)
  }

  /** Says that a message was useless. It counts like a login, so that it costs something. */
  #complain(code: ErrorCode): void {
    const isLast = this.#isOneTooMany()
    this.#settings.rateLimits.countMessage(this.#socket.address).then(
      (retryAfter) => {
        const isLimited = retryAfter > 0
        this.#refuseMessage(isLimited ? rateLimited(retryAfter, PER_IP) : new LoginError(code))
        if (isLast) this.#closeFlood()
      },
      (error: unknown) => {
        this.#settings.loginLog.messageFailed(error)
        this.#refuseMessage(new LoginError(ErrorCode.Internal))
        if (isLast) this.#closeFlood()
      },
    )
  }

  /** Counts a message that was useless or beyond a limit, and tells whether that was one too many. */
  #isOneTooMany(): boolean {
    this.#useless += 1
    return this.#useless >= MAX_USELESS_MESSAGES
  }

  /** Tells the app of an error that ends no login. */
  #refuseMessage(error: LoginError): void {
    this.#settings.events?.messageRefused(error.code)
    this.#report(error)
  }

  /**
   * Tells the app what failed, and closes the socket where such an error is its end.
   *
   * @param id - of the login that failed; missing where no login did
   */
  #report(reason: unknown, id?: string): void {
    if (reason instanceof ClientDisconnected) return
    const error = reason instanceof LoginError ? reason : new LoginError(ErrorCode.Internal)
    const { code, message: value, retryAfter, limit } = error
    if (limit) this.#settings.events?.limitHit(limit)
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

  /** Closes the socket of an app that floods, and ends its login. */
  #closeFlood(): void {
    if (this.#isClosed) return
    this.#settings.events?.limitHit('messages_per_socket')
    this.disconnected()
    this.#socket.closeFlood()
  }

  #send(message: ServerMessage): void {
    if (!this.#isClosed) this.#socket.send(JSON.stringify(message))
  }
}
