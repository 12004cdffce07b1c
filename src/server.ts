/**
 * For those who run the server inside a program of their own: `textile-userauth/server`.
 *
 * `start` runs what `npm start` runs, as configured, with an app's own decision on each user;
 * `startServer` is the bare server, put together by hand.
 */

export { type RunningServer, type StartOptions, start } from './app/start.js'
export { type Config, readConfig } from './config/config.js'
export { ConfigError } from './config/config-error.js'
export type { AllowedOrigins } from './http/origins.js'
export {
  type DemoOptions,
  type LoginServer,
  type ServerOptions,
  startServer,
  /** The former name of `startServer`. */
  startServer as createServer,
} from './http/server.js'
export type { TlsFiles } from './http/tls.js'
export { connectToHub, type HubConnection } from './hub/connect.js'
export { type Hub, HubError, type TokenCall } from './hub/hub.js'
export { checkKey, type KeyKind } from './hub/key-check.js'
export { SdkHub } from './hub/sdk-hub.js'
export { type HubReadiness, type KeyState, type KeyWatch, ServerKey } from './hub/server-key.js'
export type { ApiKey } from './keys/api-signature.js'
export { decodeMultibase } from './keys/multibase.js'
export type { LimitName, Limits } from './limits/limits.js'
export type { LimiterOptions, OpenLimiter } from './limits/rate-limits.js'
export { type Log, openLog } from './log.js'
export type {
  LoginEvents,
  LoginOutcome,
  LoginStep,
  Readiness,
  RefusalStatus,
  RenewalOutcome,
  ServerCounts,
  ServerView,
  TimedStep,
} from './login/events.js'
export { ErrorCode } from './protocol.js'
export type { Authorize, Decision, LoginUser } from './users/authorize.js'
export { OpenUserStoreError, openUserStore, type UsersConfig } from './users/open-user-store.js'
export type { Block, Page, RenewingUser, User, UserStore } from './users/user-store.js'
