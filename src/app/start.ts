import type { Config } from '../config/config.js'
import { ConfigError, explainUserStoreError } from '../config/config-error.js'
import { explainListenError } from '../config/listen-errors.js'
import { type LoginServer, startServer } from '../http/server.js'
import { connectToHub } from '../hub/connect.js'
import { checkKey } from '../hub/key-check.js'
import { SdkHub } from '../hub/sdk-hub.js'
import { ServerKey } from '../hub/server-key.js'
import type { Log } from '../log.js'
import type { Authorize } from '../users/authorize.js'
import { openUserStore } from '../users/open-user-store.js'
import { DisposableStack } from './disposable-stack.js'
import { openAuthorize, openHub, openMetrics, openRateLimits } from './parts.js'
import { Reloader } from './reload.js'

/** A server with all that it needs, running. */
export interface RunningServer {
  /** Fulfils once the Hub has confirmed the key; rejects with a ConfigError if it refuses it. */
  readonly keyChecked: Promise<void>
  /**
   * Takes certificate and API key of another configuration into use, if they are valid.
   *
   * @returns whether any of them was another one
   */
  reload(config: Config): Promise<boolean>
  /** Stops everything, and returns when it is gone. */
  close(): Promise<void>
}

/** What a program brings that runs the server inside of it. */
export interface StartOptions {
  /** Decides on every user, in place of the webhook of `AUTHORIZE_URL`. */
  readonly authorize?: Authorize | undefined
}

/**
 * Starts a server as configured: the users' store, the built-in Hub where one is asked for, then
 * the check of the server's key, then the server.
 *
 * @throws ConfigError where the store can't be opened, a port is taken, or the Hub refuses the key
 */
export async function start(
  config: Config,
  log: Log,
  options: StartOptions = {},
): Promise<RunningServer> {
  for (const warning of config.warnings) log.warn(warning)
  const resources = new DisposableStack()
  try {
    return await open(config, log, options, resources)
  } catch (error) {
    await resources.dispose()
    throw error
  }
}

async function open(
  config: Config,
  log: Log,
  options: StartOptions,
  resources: DisposableStack,
): Promise<RunningServer> {
  const users = await openUserStore(config.users).catch(explainUserStoreError)
  resources.defer(() => users.close())
  const authorize = await openAuthorize(config, options.authorize, resources)
  const openLimiter = await openRateLimits(config, log, resources)
  const hub = await openHub(config, log)
  resources.defer(() => hub.close())
  const connection = connectToHub(hub.url)
  resources.defer(() => connection.close())
  const serverKey = new ServerKey(hub.apiKey, {
    check: (apiKey) => checkKey(connection, apiKey, config.hubTimeout),
    log,
  })
  resources.defer(() => serverKey.close())
  await serverKey.check()
  if (serverKey.state === 'refused') await confirmed(serverKey)
  const events = await openMetrics(config, log, resources)
  const { isServed, hubUrl = hub.webUrl } = config.demo
  const server = await startServer({
    ...config,
    log,
    hub: new SdkHub(connection),
    apiKey: serverKey,
    users,
    authorize,
    openLimiter,
    events,
    demo: isServed && hubUrl !== undefined ? { hubUrl, calls: hub.calls } : undefined,
  }).catch((error: unknown) =>
    explainListenError(error, { ports: { PORT: config.port }, hosts: { HOST: config.host } }),
  )
  resources.defer(() => server.close())
  const stopping = new AbortController()
  resources.defer(() => stopping.abort())
  const reloader = new Reloader(config, { serverKey, server, log, stopping: stopping.signal })
  log.info(`users log in at ${server.url}`)
  if (config.demo.isServed) log.info(`watch a login at ${pageOf(server)}`)
  return {
    keyChecked: confirmed(serverKey),
    reload: (replacement) => reloader.reload(replacement),
    close: () => resources.dispose(),
  }
}

/** Address of the demo page. */
function pageOf({ url }: LoginServer): string {
  return `${new URL(url).origin.replace(/^ws/, 'http')}/`
}

/**
 * Waits until the Hub has confirmed the key, or the server stops.
 *
 * @throws ConfigError where the Hub refuses it
 */
async function confirmed(serverKey: ServerKey): Promise<void> {
  const kind = await serverKey.whenChecked()
  if (kind && serverKey.state === 'refused') throw new ConfigError([kind.text])
}
