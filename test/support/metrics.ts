import { onTestFinished } from 'vitest'
import { type MetricsServer, startMetricsServer } from '../../src/metrics/metrics.js'

/** Serves metrics on a free port, until the test's end. */
export async function serveMetrics(): Promise<MetricsServer> {
  const metrics = await startMetricsServer({ port: 0, host: '127.0.0.1' })
  onTestFinished(() => metrics.close())
  return metrics
}
