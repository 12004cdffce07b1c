/** The package's `./client` for Node.js, whose version 20 has no `WebSocket` of its own. */
import WebSocket from 'isomorphic-ws'
import { checkSettings } from './settings.js'
import { shareLogin } from './share-login.js'
import type { LoginWithChallenge } from './types.js'

export type { UserAuth } from '../protocol.js'
export { type ClientErrorCode, LoginError, type LoginErrorCode } from './login-error.js'
export type * from './types.js'

/** In milliseconds: what a server gets to answer a close, before the socket is cut off. */
const CLOSE_TIMEOUT = 1_000

/** In bytes: the largest message that is taken. A login server's have about one kilobyte. */
const MAX_MESSAGE_BYTES = 64 * 1024

/**
 * By default a server that has hung could keep a Node.js process alive for 30 s after a login, and
 * any server could send 100 MiB, or a few bytes that decompress to as many.
 */
class PromptWebSocket extends WebSocket {
  constructor(url: string) {
    const options: WebSocket.ClientOptions & { closeTimeout: number } = {
      closeTimeout: CLOSE_TIMEOUT,
      maxPayload: MAX_MESSAGE_BYTES,
      perMessageDeflate: false,
    }
    super(url, options)
  }
}

/**
 * Logs a user in to a Hub by way of a login server.
 *
 * @example
 * const logIn = loginWithChallenge(identity, { url: 'wss://login.example/ws/userauth' })
 * const client = Client.withUserAuth(logIn, hubUrl)
 * const buckets = Buckets.withUserAuth(logIn, { host: hubUrl })
 */
export const loginWithChallenge: LoginWithChallenge = (identity, options = {}) =>
  shareLogin(checkSettings(identity, options, PromptWebSocket))
