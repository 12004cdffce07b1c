/** The package's `./client` for Node.js, whose version 20 has no `WebSocket` of its own. */
import { LoginError } from './login-error.js'
import { findWebSocket } from './node-websocket.js'
import { checkSettings } from './settings.js'
import { shareLogin } from './share-login.js'
import type { LoginWithChallenge } from './types.js'

export type { UserAuth } from '../protocol.js'
export { type ClientErrorCode, LoginError, type LoginErrorCode } from './login-error.js'
export type * from './types.js'

/** The codes by which Node.js says that it does not accept a certificate. */
const CERTIFICATE_ERROR = /CERT|UNABLE_TO_VERIFY/

/**
 * Logs a user in to a Hub by way of a login server.
 *
 * @example
 * const logIn = loginWithChallenge(identity, { url: 'wss://login.example/ws/userauth' })
 * const client = Client.withUserAuth(logIn, hubUrl)
 * const buckets = Buckets.withUserAuth(logIn, { host: hubUrl })
 */
export const loginWithChallenge: LoginWithChallenge = (identity, options = {}) => {
  const logIn = shareLogin(checkSettings(identity, options, findWebSocket()))
  return Object.assign(() => logIn().catch(explainCertificate), {
    forget: logIn.forget,
    refresh: () => logIn.refresh().catch(explainCertificate),
  })
}

/** Tells a server whose certificate isn't accepted from one that is away. Browsers can't. */
function explainCertificate(error: unknown): never {
  if (!(error instanceof LoginError) || error.code !== 'connection_failed') throw error
  const { cause } = error
  const hasCode = typeof cause === 'object' && cause !== null && 'code' in cause
  if (!hasCode || !CERTIFICATE_ERROR.test(String(cause.code))) throw error
  throw new LoginError(
    'connection_failed',
    `The login server's certificate was not accepted (${cause.code}). If its authority is one that this machine doesn't trust, set NODE_EXTRA_CA_CERTS to the file with the authority's certificate.`,
    { cause },
  )
}
