/**
 * For those who run the server inside a program of their own: `textile-userauth/server`.
 *
 * `start` runs what `npm start` runs, as configured, with an app's own decision on each user;
 * `createServer` is the bare server, put together by hand.
 */

export { type Embedded, type Running, start } from './app/start.js'
export { type Config, readConfig } from './config/config.js'
export { ConfigError } from './config/config-error.js'
export { createServer, type LoginServer, type ServerOptions } from './http/server.js'
export type { ApiKey } from './hub/api-key.js'
export { connectToHub, type HubConnection } from './hub/connect.js'
export type { Hub, TokenCall } from './hub/hub.js'
export { SdkHub } from './hub/sdk-hub.js'
export { decodeMultibase } from './keys/multibase.js'
export { type Log, openLog } from './log.js'
export type { Authorize, Decision, Visitor } from './users/authorize.js'
export { OpenUserStoreError, openUserStore, type UsersConfig } from './users/open-user-store.js'
export type { User, UserStore } from './users/user-store.js'
