/**
 * The server under load, as a process of its own: reads its settings from the environment, and
 * reports what it holds when its parent asks.
 */
import { readdirSync } from 'node:fs'
import { pino } from 'pino'
import { startServer } from '../../src/http/server.js'
import { connectToHub } from '../../src/hub/connect.js'
import { SdkHub } from '../../src/hub/sdk-hub.js'
import { decodeMultibase } from '../../src/keys/multibase.js'
import type { ServerCounts } from '../../src/login/events.js'
import { countResources } from '../support/count-resources.js'

/** What the server holds, after a forced collection. */
export interface Report {
  readonly counts: ServerCounts
  /** In bytes. */
  readonly memory: NodeJS.MemoryUsage
  /** User and system time since its start, in microseconds. */
  readonly cpu: NodeJS.CpuUsage
  /** How many files it has open, sockets among them. */
  readonly files: number
  /** How many bytes it has logged. */
  readonly logBytes: number
  /** What keeps the process busy, by kind. */
  readonly resources: Readonly<Record<string, number>>
}

const { HUB_URL = '', USER_API_KEY = '', USER_API_SECRET = '', LIMITS = '{}' } = process.env
const apiKey = { key: USER_API_KEY, secret: decodeMultibase(USER_API_SECRET) ?? new Uint8Array() }

let logBytes = 0
const countedLog = {
  write(line: string) {
    logBytes += line.length
  },
}

const server = await startServer({
  port: 0,
  host: '127.0.0.1',
  log: pino({ level: 'info' }, countedLog),
  hub: new SdkHub(connectToHub(HUB_URL)),
  apiKey,
  hubTimeout: 10,
  challengeTimeout: 30,
  userAuthTtl: 300,
  demo: { hubUrl: HUB_URL },
  // JSON has null in place of Infinity.
  limits: JSON.parse(LIMITS, (_, value) => value ?? Number.POSITIVE_INFINITY),
})

process.on('message', () => {
  globalThis.gc?.()
  const report: Report = {
    counts: server.count(),
    memory: process.memoryUsage(),
    cpu: process.cpuUsage(),
    files: readdirSync('/proc/self/fd').length,
    logBytes,
    resources: countResources(),
  }
  process.send?.(report)
})
process.send?.({ url: server.url })
