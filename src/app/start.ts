import { setTimeout as wait } from 'node:timers/promises'
import { type Config, ConfigError } from '../config/config.js'
import { nameHost, namePort } from '../config/listen-errors.js'
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

/** How long to wait before the Hub is asked about the key again, in ms. */
const KEY_CHECK_INTERVAL_MS = 5_000

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
  const users = await openUserStore(config.users)
  resources.defer(() => users.close())
  const authorize = await openAuthorize(config, options.authorize, resources)
  const openLimiter = await openRateLimits(config, log, resources)
  const hub = await openHub(config, log)
  resources.defer(() => hub.close())
  const connection = connectToHub(hub.url)
  resources.defer(() => connection.close())
  const serverKey = new ServerKey(hub.apiKey, (apiKey) =>
    checkKey(connection, apiKey, config.hubTimeout),
  )
  const isConfirmed = await confirmKey(serverKey, log)
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
    demo: isServed && hubUrl !== undefined ? { hubUrl } : undefined,
  })
    .catch(nameHost('HOST', config.host))
    .catch(namePort('PORT', config.port))
  resources.defer(() => server.close())
  const stopping = new AbortController()
  resources.defer(() => stopping.abort())
  const reloader = new Reloader(config, { serverKey, server, log, stopping: stopping.signal })
  log.info(`users log in at ${server.url}`)
  if (config.demo.isServed) log.info(`watch a login at ${pageOf(server)}`)
  return {
    keyChecked: isConfirmed ? Promise.resolve() : keepChecking(serverKey, log, stopping.signal),
    reload: (replacement) => reloader.reload(replacement),
    close: () => resources.dispose(),
  }
}

/** Address of the demo page. */
function pageOf({ url }: LoginServer): string {
  return `${new URL(url).origin.replace(/^ws/, 'http')}/`
}

/**
 * Checks the key, once.
 *
 * @returns whether the Hub has confirmed it
 * @throws ConfigError where the Hub refuses it
 */
async function confirmKey(serverKey: ServerKey, log: Log): Promise<boolean> {
  const kind = await serverKey.check()
  if (kind?.action === 'refuse') throw new ConfigError([kind.text])
  if (kind && kind.action !== 'run') log.warn(kind.text)
  return serverKey.state === 'confirmed'
}

/** Checks the key again and again, until the Hub has answered or the server stops. */
async function keepChecking(serverKey: ServerKey, log: Log, stopping: AbortSignal): Promise<void> {
  try {
    do await wait(KEY_CHECK_INTERVAL_MS, undefined, { signal: stopping })
    while (!(await confirmKey(serverKey, log)))
    log.info('the Hub has confirmed the key: logins are served from now on')
  } catch (error) {
    if (!stopping.aborted) throw error
  }
}
