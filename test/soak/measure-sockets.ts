import type { WebSocket } from 'ws'
import { open } from './clients.js'
import { startSetup } from './processes.js'

/** How many sockets are opened at once. */
const AT_ONCE = 100

/** Prints how much memory the server takes for each socket that waits for its app's request. */
export async function measureSockets(count: number): Promise<void> {
  const limits = {
    idleTimeout: 600,
    maxSockets: Number.POSITIVE_INFINITY,
    maxSocketsPerIp: Number.POSITIVE_INFINITY,
  }
  const setup = await startSetup({ ...limits, loginsPerMinutePerIp: Number.POSITIVE_INFINITY })
  const sockets: WebSocket[] = await openMany(setup.url, 500)
  const before = await setup.report()
  sockets.push(...(await openMany(setup.url, count)))
  const after = await setup.report()
  const perSocket = (bytes: (memory: NodeJS.MemoryUsage) => number): string => {
    const difference = bytes(after.memory) - bytes(before.memory)
    return `${(difference / count / 1000).toFixed(1)} kB`
  }
  process.stdout.write(`sockets that wait   ${count}
heap and external   ${perSocket(({ heapUsed, external }) => heapUsed + external)} each
resident memory     ${perSocket(({ rss }) => rss)} each
`)
  for (const socket of sockets) socket.terminate()
  setup.stop()
}

async function openMany(url: string, count: number): Promise<WebSocket[]> {
  const sockets: WebSocket[] = []
  while (sockets.length < count) {
    const batch = Array.from({ length: Math.min(AT_ONCE, count - sockets.length) }, () => open(url))
    sockets.push(...(await Promise.all(batch)))
  }
  return sockets
}
