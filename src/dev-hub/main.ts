import { parseArgs } from 'node:util'
import { readDevHubPorts } from '../config/config.js'
import { ConfigError } from '../config/config-error.js'
import { readEnvironment } from '../config/environment.js'
import { explainListenError } from '../config/listen-errors.js'
import { onShutdownSignal } from '../process.js'
import { type DevHub, startDevHub } from './hub.js'

const USAGE = `usage: npm run dev-hub [-- --json]

Runs a development Hub until it is stopped.
  --json  print one line, {"url","grpcUrl","key","secret"}, for programs
`

try {
  const isJson = readArguments()
  const ports = readDevHubPorts(readEnvironment())
  const settings = { ports: { DEV_HUB_PORT: ports.port, DEV_HUB_GRPC_PORT: ports.grpcPort } }
  const hub = await startDevHub(ports).catch((error: unknown) =>
    explainListenError(error, settings),
  )
  process.stdout.write(isJson ? describeAsJson(hub) : describe(hub))
  onShutdownSignal(() => void hub.close().then(() => process.exit(0)))
} catch (error) {
  if (!(error instanceof ConfigError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}

/** @returns whether `--json` was asked for; ends the process where anything else was */
function readArguments(): boolean {
  try {
    return parseArgs({ options: { json: { type: 'boolean', default: false } } }).values.json
  } catch {
    throw new ConfigError([USAGE.trimEnd()])
  }
}

function describe({ url, grpcUrl, apiKeys: [apiKey] }: DevHub): string {
  return `A development Hub runs until it is stopped; it forgets everything then.

  HUB_URL=${grpcUrl}
  HUB_PUBLIC_URL=${url}
  USER_API_KEY=${apiKey?.key}
  USER_API_SECRET=${apiKey?.secret}
`
}

function describeAsJson({ url, grpcUrl, apiKeys: [apiKey] }: DevHub): string {
  return `${JSON.stringify({ url, grpcUrl, key: apiKey?.key, secret: apiKey?.secret })}\n`
}
