import { explainListenError } from '../config/listen-errors.js'
import type { LoginServer } from '../http/server.js'
import type { Log } from '../log.js'
import type { Observer } from '../login/events.js'
import type { MetricsAddress } from '../metrics/address.js'

/**
 * Opens a server whose metrics are served, from before it listens until it is gone.
 *
 * @param open - opens the server, which has to tell the observer what happens
 * @throws ConfigError where the metrics' address can't be listened on; or whatever `open` throws
 */
export async function withMetrics(
  { port, host }: MetricsAddress,
  log: Log,
  open: (observer: Observer) => Promise<LoginServer>,
): Promise<LoginServer> {
  // Loaded only where they are asked for: to measure the process costs something.
  const { openMetrics } = await import('../metrics/metrics.js')
  const settings = { ports: { METRICS_PORT: port }, hosts: { METRICS_HOST: host } }
  const metrics = await openMetrics({ port, host }).catch((error: unknown) =>
    explainListenError(error, settings),
  )
  try {
    const server = await open(metrics.observer)
    log.info(`metrics are at ${metrics.url}`)
    return {
      ...server,
      async close() {
        await server.close()
        await metrics.close()
      },
    }
  } catch (error) {
    await metrics.close()
    throw error
  }
}
