import { Gauge, type Registry } from 'prom-client'
import { withDeadline } from '../deadline.js'
import type { ServerView } from '../login/events.js'

/**
 * How long a scrape waits for the Hub's word on whether the server is ready, in seconds. A Hub that
 * takes longer is in no state to log users in.
 */
const READINESS_TIMEOUT = 1

/** Adds what a server has open and may have open, read when it is asked for. */
export function addServerGauges(registry: Registry, server: ServerView): void {
  const { limits, count } = server
  const gauges: readonly [name: string, help: string, read: () => number | Promise<number>][] = [
    ['sockets_open', 'WebSockets that are open.', () => count().sockets],
    ['sockets_limit', 'MAX_SOCKETS; +Inf where it is lifted.', () => limits.maxSockets],
    [
      'connections_open',
      'TCP connections that are open, those of WebSockets among them.',
      () => count().connections,
    ],
    ['logins_running', 'Logins that run.', () => count().logins],
    [
      'logins_waiting',
      "Logins that wait for their apps' signatures; they are among those that run.",
      () => count().waiting,
    ],
    [
      'logins_waiting_limit',
      'MAX_WAITING_LOGINS; +Inf where it is lifted.',
      () => limits.maxWaitingLogins,
    ],
    [
      'hub_calls_in_flight',
      'Steps of logins that the Hub is being asked for, without those that queue.',
      () => count().hubCalls,
    ],
    ['hub_calls_limit', 'MAX_HUB_CALLS; +Inf where it is lifted.', () => limits.maxHubCalls],
    [
      'hub_down',
      '1 while the Hub has failed so often in a row that it is left alone, else 0.',
      () => Number(server.isHubDown()),
    ],
    ['ready', '1 while users can be logged in, as /ready has it, else 0.', () => isReady(server)],
  ]
  for (const [name, help, read] of gauges) {
    const gauge: Gauge = new Gauge({
      name: `userauth_${name}`,
      help,
      registers: [registry],
      async collect() {
        gauge.set(await read())
      },
    })
  }
}

async function isReady(server: ServerView): Promise<number> {
  const late = () => new Error('the Hub took too long')
  const readiness = withDeadline(READINESS_TIMEOUT, server.findReadiness(), late)
  return readiness.then(
    (status) => Number(status === 'ready'),
    () => 0,
  )
}
