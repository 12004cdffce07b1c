/** The package's `./client` for browsers, and for every runtime with a `WebSocket` of its own. */
import { checkSettings } from './settings.js'
import { shareLogin } from './share-login.js'
import type { LoginWithChallenge, WebSocketConstructor } from './types.js'

export type { UserAuth } from '../protocol.js'
export { type ClientErrorCode, LoginError, type LoginErrorCode } from './login-error.js'
export type * from './types.js'

declare const WebSocket: WebSocketConstructor | undefined

/**
 * Logs a user in to a Hub by way of a login server.
 *
 * @example
 * const logIn = loginWithChallenge(identity)
 * const client = Client.withUserAuth(logIn, hubUrl)
 * const buckets = Buckets.withUserAuth(logIn, { host: hubUrl })
 */
export const loginWithChallenge: LoginWithChallenge = (identity, options = {}) =>
  shareLogin(
    checkSettings(identity, options, typeof WebSocket === 'function' ? WebSocket : undefined),
  )
