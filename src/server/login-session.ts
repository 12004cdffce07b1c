import { parsePublicKey } from '../keys/public-key.js'
import { ErrorCode, parseAppMessage, type ServerMessage, toBufferJson } from '../protocol.js'
import { AppSide } from './app-side.js'
import { type LoginSettings, login } from './login.js'
import { AppLeft, LoginFailure } from './login-failure.js'
import type { LoginLog } from './login-log.js'

/** What a session needs of its socket. */
export interface AppSocket {
  /** Sends a text frame, or drops it where the socket has closed. */
  send(text: string): void
}

/** What every session needs beside its socket. */
export interface SessionSettings extends LoginSettings {
  readonly loginLog: LoginLog
}

/** What happens on one socket: logins, one at a time. */
export class LoginSession {
  readonly #socket: AppSocket
  readonly #settings: SessionSettings
  /** The app of the login that runs, if one does. */
  #app: AppSide | undefined

  constructor(socket: AppSocket, settings: SessionSettings) {
    this.#socket = socket
    this.#settings = settings
  }

  /** Takes a frame from the app. */
  receive(frame: Buffer, isBinary: boolean): void {
    const message = isBinary ? undefined : parseAppMessage(frame.toString())
    try {
      switch (message?.type) {
        case 'token':
          this.#startLogin(message.pubkey)
          break
        case 'challenge':
          this.#takeSignature(message.sig)
          break
        default:
          this.#refuse()
      }
    } catch (error) {
      this.#sendError(error)
    }
  }

  /** Ends what runs: the app has gone away. */
  leave(): void {
    this.#app?.interrupt(new AppLeft())
  }

  #startLogin(pubkey: string): void {
    if (this.#app) throw new LoginFailure(ErrorCode.Busy)
    if (!parsePublicKey(pubkey)) throw new LoginFailure(ErrorCode.InvalidPubkey)
    const app = new AppSide((challenge) => {
      this.#send({ type: 'challenge', value: toBufferJson(challenge) })
    })
    this.#app = app
    void this.#runLogin(pubkey, app)
  }

  #takeSignature(signature: Uint8Array): void {
    if (!this.#app) throw new LoginFailure(ErrorCode.NoChallenge)
    this.#app.takeSignature(signature)
  }

  /** A message that is not of the protocol ends the login, if one runs. */
  #refuse(): void {
    const failure = new LoginFailure(ErrorCode.BadRequest)
    if (!this.#app) throw failure
    this.#app.interrupt(failure)
  }

  async #runLogin(pubkey: string, app: AppSide): Promise<void> {
    const entry = this.#settings.loginLog.start(pubkey)
    try {
      const value = await login(pubkey, app, this.#settings)
      this.#send({ type: 'token', value, now: new Date().toISOString() })
      entry.succeeded()
    } catch (error) {
      if (!(error instanceof AppLeft)) this.#sendError(error)
      entry.failed(error)
    } finally {
      this.#app = undefined
    }
  }

  #sendError(error: unknown): void {
    const failure = error instanceof LoginFailure ? error : new LoginFailure(ErrorCode.Internal)
    this.#send({ type: 'error', code: failure.code, value: failure.message })
  }

  #send(message: ServerMessage): void {
    this.#socket.send(JSON.stringify(message))
  }
}
