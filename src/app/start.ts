import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Config, ConfigError } from '../config/config.js'
import { nameHost, namePort } from '../config/listen-errors.js'
import { createServer, type LoginServer } from '../http/server.js'
import type { ApiKey } from '../hub/api-key.js'
import { connectToHub } from '../hub/connect.js'
import { checkApiKey } from '../hub/key-check.js'
import { SdkHub } from '../hub/sdk-hub.js'
import { ApiKeyGate } from '../hub/server-key.js'
import { decodeMultibase } from '../keys/multibase.js'
import type { OpenLimiter } from '../limits/rate-limits.js'
import type { Log } from '../log.js'
import type { Observer } from '../login/events.js'
import type { Authorize } from '../users/authorize.js'
import { openUserStore } from '../users/open-user-store.js'
import type { UserStore } from '../users/user-store.js'
import { Replacements } from './replacements.js'
import { Resources } from './resources.js'
import { withMetrics } from './with-metrics.js'

/** How long to wait before the Hub is asked about the key again, in ms. */
const KEY_CHECK_INTERVAL_MS = 5_000

/** A server with all that it needs, running. */
export interface Running {
  /** Fulfils once the Hub has confirmed the key; rejects with a ConfigError if it refuses it. */
  readonly keyChecked: Promise<void>
  /**
   * Takes certificate and API key of another configuration into use, if they are of use.
   *
   * @returns whether any of them was another one
   */
  reload(config: Config): Promise<boolean>
  /** Stops everything, and returns when it is gone. */
  close(): Promise<void>
}

/** The Hub that the server talks to, and what frees it. */
interface HubInUse {
  /** The door that the server uses. */
  readonly url: string
  /** The gRPC-web door, for browsers on this machine; missing where the configuration names it. */
  readonly webUrl?: string
  readonly apiKey: ApiKey
  close(): Promise<void>
}

/** What a program brings that runs the server inside of it. */
export interface Embedded {
  /** Decides on every user, in place of the webhook of `AUTHORIZE_URL`. */
  readonly authorize?: Authorize | undefined
}

/** What a server is put together of. */
interface Parts {
  readonly gate: ApiKeyGate
  readonly hub: HubInUse
  readonly users: UserStore
  readonly authorize: Authorize | undefined
  readonly openLimiter: OpenLimiter | undefined
}

/**
 * Starts a server as configured: the users' store, the built-in Hub where one is asked for, then
 * the check of the server's key, then the server.
 *
 * @param embedded - what a program brings that runs the server inside of it
 * @throws ConfigError where the store can't be opened, a port is taken, or the Hub refuses the key
 */
export async function start(config: Config, log: Log, embedded: Embedded = {}): Promise<Running> {
  for (const warning of config.warnings) log.warn(warning)
  const resources = new Resources()
  try {
    return await open(config, log, embedded, resources)
  } catch (error) {
    await resources.close()
    throw error
  }
}

async function open(
  config: Config,
  log: Log,
  embedded: Embedded,
  resources: Resources,
): Promise<Running> {
  const users = await openUserStore(config.users)
  resources.add(() => users.close())
  const authorize = await openAuthorize(config, embedded, resources)
  const openLimiter = await openLimiters(config, log, resources)
  const hub = await openHub(config, log)
  resources.add(() => hub.close())
  const connection = connectToHub(hub.url)
  resources.add(() => connection.close())
  const gate = new ApiKeyGate(new SdkHub(connection), hub.apiKey, (apiKey) =>
    checkApiKey(connection, apiKey, config.hubTimeout),
  )
  const stopping = new AbortController()
  const isChecked = await checkKey(gate, log)
  const server = await listen(config, { gate, hub, users, authorize, openLimiter }, log)
  resources.add(() => server.close())
  resources.add(() => stopping.abort())
  const replacements = new Replacements(config, { gate, server, log, stopping: stopping.signal })
  log.info(`users log in at ${server.url}`)
  if (config.demo.isServed) log.info(`watch a login at ${pageOf(server)}`)
  return {
    keyChecked: isChecked ? Promise.resolve() : keepChecking(gate, log, stopping.signal),
    reload: (replacement) => replacements.replace(replacement),
    close: () => resources.close(),
  }
}

/** Opens the way to whoever decides on users, if somebody does. */
async function openAuthorize(
  { authorizeUrl }: Config,
  { authorize }: Embedded,
  resources: Resources,
): Promise<Authorize | undefined> {
  if (authorizeUrl === undefined) return authorize
  if (authorize) {
    throw new ConfigError(['AUTHORIZE_URL: must not be set, since the program itself decides'])
  }
  const { openAuthorizeWebhook } = await import('../users/authorize-webhook.js')
  const webhook = openAuthorizeWebhook(authorizeUrl)
  resources.add(() => webhook.close())
  return webhook.authorize
}

/** Opens the place where rates are counted for all servers, if there is one. */
async function openLimiters(
  { redisUrl }: Config,
  log: Log,
  resources: Resources,
): Promise<OpenLimiter | undefined> {
  if (redisUrl === undefined) return undefined
  const { openRedisLimits } = await import('../limits/redis-rate-limits.js')
  const limits = await openRedisLimits(redisUrl, log)
  resources.add(() => limits.close())
  return limits.openLimiter
}

async function openHub({ hub }: Config, log: Log): Promise<HubInUse> {
  if (hub.kind === 'remote') return { ...hub, close: async () => {} }
  const { startHubThread } = await import('../dev-hub/worker/hub-thread.js')
  const { port, grpcPort, dataDir, seedFile } = hub
  const seed = seedFile === undefined ? undefined : await readSeedFile(seedFile)
  const devHub = await startHubThread({ port, grpcPort, dataDir, seed }, (text, path) =>
    log.error({ path, stack: text }, 'an error inside the built-in development Hub'),
  )
    .catch(namePort('DEV_HUB_PORT', port))
    .catch(namePort('DEV_HUB_GRPC_PORT', grpcPort))
  const [apiKey] = devHub.apiKeys
  const secret = apiKey && decodeMultibase(apiKey.secret)
  if (!apiKey || !secret) throw new TypeError('the built-in Hub has no key')
  log.warn(
    `no USER_API_KEY is set, so a built-in development Hub runs at ${devHub.url} and ${devHub.grpcUrl}: it remembers in ${join(dataDir, 'dev-hub')}`,
  )
  return {
    url: devHub.grpcUrl,
    webUrl: devHub.url,
    apiKey: { key: apiKey.key, secret },
    close: () => devHub.close(),
  }
}

async function readSeedFile(file: string) {
  const { readSeed } = await import('../dev-hub/seed/seed-file.js')
  return readSeed(file, 'DEV_HUB_SEED')
}

function listen(
  config: Config,
  { gate, hub, users, authorize, openLimiter }: Parts,
  log: Log,
): Promise<LoginServer> {
  const { port, host, hubTimeout, challengeTimeout, userAuthTtl } = config
  const { limits, allowedOrigins, trustedProxies, tls, simpleAuth } = config
  const { isServed, hubUrl = hub.webUrl } = config.demo
  const openServer = (observer?: Observer) =>
    createServer({
      port,
      host,
      log,
      hub: gate,
      apiKey: () => gate.apiKey,
      users,
      authorize,
      openLimiter,
      hubTimeout,
      challengeTimeout,
      userAuthTtl,
      limits,
      allowedOrigins,
      trustedProxies,
      tls,
      simpleAuth,
      findHubReadiness: () => gate.findReadiness(),
      demo: isServed && hubUrl !== undefined ? { hubUrl } : undefined,
      observer,
    })
      .catch(nameHost('HOST', host))
      .catch(namePort('PORT', port))
  return config.metrics ? withMetrics(config.metrics, log, openServer) : openServer()
}

/** Address of the demo page. */
function pageOf({ url }: LoginServer): string {
  return `${new URL(url).origin.replace(/^ws/, 'http')}/`
}

/**
 * Checks the key, once.
 *
 * @returns whether the Hub has said that the key may be used
 * @throws ConfigError where the Hub has said that it must not
 */
async function checkKey(gate: ApiKeyGate, log: Log): Promise<boolean> {
  const { outcome, text } = await gate.check()
  if (outcome === 'stop') throw new ConfigError([text])
  if (text !== '') log.warn(text)
  return outcome !== 'retry'
}

/** Checks the key again and again, until the Hub has answered or the server stops. */
async function keepChecking(gate: ApiKeyGate, log: Log, stopping: AbortSignal): Promise<void> {
  try {
    do await wait(KEY_CHECK_INTERVAL_MS, undefined, { signal: stopping })
    while (!(await checkKey(gate, log)))
    log.info('the Hub has confirmed the key: logins are served from now on')
  } catch (error) {
    if (!stopping.aborted) throw error
  }
}
