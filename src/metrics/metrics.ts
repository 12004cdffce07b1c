import { once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  type ServerOptions,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { addressOf } from '../http/listener.js'
import { isLoopback, isLoopbackHost } from '../http/origins.js'
import type { LoginEvents } from '../login/events.js'
import { EventMetrics } from './event-metrics.js'

/**
 * What prom-client measures of the process: CPU time, memory, open files, garbage collection, and
 * how far the event loop lags behind. One for the process, whoever shows it: what measures it runs
 * until the process ends.
 */
const processMetrics = new Registry()

collectDefaultMetrics({ register: processMetrics })

/** What bounds a connection: a scrape is one short request. Times are in ms. */
const BOUNDS: ServerOptions = {
  headersTimeout: 5_000,
  requestTimeout: 5_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 8 * 1024,
}

/** Where a scraper looks unless told otherwise. */
const METRICS_PATH = '/metrics'

/** How many connections there may be at once: a few Prometheus servers, and a person. */
const MAX_CONNECTIONS = 20

/** HTTP statuses of requests that are no scrapes, and of scrapes that fail. */
type Refusal = 403 | 404 | 405 | 500

/** Where metrics are served. */
export interface MetricsAddress {
  /** TCP port; 0 takes a free one. */
  readonly port: number
  readonly host: string
}

/** A server of metrics that listens. */
export interface MetricsServer {
  /** Where they are read. */
  readonly url: string
  /** For the one server that they are about. */
  readonly events: LoginEvents
  /** Stops serving them, and returns when the last connection is gone. */
  close(): Promise<void>
}

/**
 * Serves metrics in Prometheus's text format at `/metrics`, on a port of their own.
 *
 * @throws the system's error where the address can't be listened on, such as `EADDRINUSE`
 */
export async function startMetricsServer({ port, host }: MetricsAddress): Promise<MetricsServer> {
  const registry = new Registry()
  const events = new EventMetrics(registry)
  const isLocal = isLoopback(host)
  // The registries are merged for each scrape: a merged one has only what they had before.
  const readAll = () => Registry.merge([registry, processMetrics]).metrics()
  const server = createServer(BOUNDS, async (request, response) => {
    const status = refusalOf(request, isLocal)
    response.setHeader('Connection', 'close')
    if (status !== undefined) return refuse(response, status)
    const text = await readAll().catch(() => undefined)
    if (text === undefined) return refuse(response, 500)
    response.setHeader('Content-Type', registry.contentType).end(text)
  })
  server.maxConnections = MAX_CONNECTIONS
  server.listen({ port, host })
  await once(server, 'listening')
  return {
    url: `http://${addressOf(server.address())}${METRICS_PATH}`,
    events,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/** With which HTTP status a request is refused, or `undefined` where it is a scrape. */
function refusalOf(
  { method = '', url = '', headers }: IncomingMessage,
  isLocal: boolean,
): Refusal | undefined {
  if (isLocal && !isLoopbackHost(headers.host)) return 403
  if (url.split('?', 1)[0] !== METRICS_PATH) return 404
  return method === 'GET' || method === 'HEAD' ? undefined : 405
}

function refuse(response: ServerResponse, status: Refusal): void {
  if (status === 405) response.setHeader('Allow', 'GET, HEAD')
  response.writeHead(status, { 'Content-Type': 'text/plain' }).end(`${STATUS_CODES[status]}\n`)
}
