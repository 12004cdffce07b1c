import { join } from 'node:path'
import type { Config } from '../config/config.js'
import { ConfigError } from '../config/config-error.js'
import { explainListenError } from '../config/listen-errors.js'
import type { ApiKey } from '../keys/api-signature.js'
import { decodeMultibase } from '../keys/multibase.js'
import type { OpenLimiter } from '../limits/rate-limits.js'
import type { Log } from '../log.js'
import type { LoginEvents } from '../login/events.js'
import type { Authorize } from '../users/authorize.js'
import type { DisposableStack } from './disposable-stack.js'

/** The Hub that the server talks to, and what frees it. */
export interface HubInUse {
  /** The endpoint that the server uses. */
  readonly url: string
  /** The gRPC-web endpoint, for browsers on this machine; missing where the configuration names it. */
  readonly webUrl?: string
  readonly apiKey: ApiKey
  close(): Promise<void>
}

/** Opens the Hub: the one that is configured, or the built-in one. */
export async function openHub({ hub }: Config, log: Log): Promise<HubInUse> {
  if (hub.kind === 'remote') return { ...hub, close: async () => {} }
  const { startHubThread } = await import('../dev-hub/worker/hub-thread.js')
  const { port, grpcPort, dataDir, seedFile } = hub
  const ports = { DEV_HUB_PORT: port, DEV_HUB_GRPC_PORT: grpcPort }
  const seed = seedFile === undefined ? undefined : await readSeedFile(seedFile)
  const devHub = await startHubThread({ port, grpcPort, dataDir, seed }, (stack, path) =>
    log.error({ path, stack }, 'an error inside the built-in development Hub'),
  ).catch((error: unknown) => explainListenError(error, { ports }))
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

/**
 * Opens the way to whoever decides on users, if somebody does.
 *
 * @param own - the decision of the program that the server runs inside of
 */
export async function openAuthorize(
  { authorizeUrl }: Config,
  own: Authorize | undefined,
  resources: DisposableStack,
): Promise<Authorize | undefined> {
  if (authorizeUrl === undefined) return own
  if (own) {
    throw new ConfigError(['AUTHORIZE_URL: must not be set, since the program itself decides'])
  }
  const { openAuthorizeWebhook } = await import('../users/authorize-webhook.js')
  const webhook = openAuthorizeWebhook(authorizeUrl)
  resources.defer(() => webhook.close())
  return webhook.authorize
}

/** Opens the store where rates are counted for all servers, if there is one. */
export async function openRateLimits(
  { redisUrl }: Config,
  log: Log,
  resources: DisposableStack,
): Promise<OpenLimiter | undefined> {
  if (redisUrl === undefined) return undefined
  const { openRedisLimits } = await import('../limits/redis-rate-limits.js')
  const limits = await openRedisLimits(redisUrl, log)
  resources.defer(() => limits.close())
  return limits.openLimiter
}

/** Serves metrics where they are configured. Loaded only then: to measure the process costs CPU. */
export async function openMetrics(
  { metrics: address }: Config,
  log: Log,
  resources: DisposableStack,
): Promise<LoginEvents | undefined> {
  if (!address) return undefined
  const { startMetricsServer } = await import('../metrics/metrics.js')
  const { port, host } = address
  const settings = { ports: { METRICS_PORT: port }, hosts: { METRICS_HOST: host } }
  const metrics = await startMetricsServer(address).catch((error: unknown) =>
    explainListenError(error, settings),
  )
  resources.defer(() => metrics.close())
  log.info(`metrics are at ${metrics.url}`)
  return metrics.events
}
