import { onTestFinished } from 'vitest'
import { type Metrics, openMetrics } from '../../src/metrics/metrics.js'

/** Serves metrics on a free port, until the test's end. */
export async function serveMetrics(): Promise<Metrics> {
  const metrics = await openMetrics({ port: 0, host: '127.0.0.1' })
  onTestFinished(() => metrics.close())
  return metrics
}
