import { parseArgs } from 'node:util'
import { ConfigError, readDevHubPort } from '../config.js'
import { readEnvironment } from '../environment.js'
import { namePort } from '../listen-faults.js'
import { onceToldToStop } from '../signals.js'
import { type DevHub, startDevHub } from './hub.js'

const USAGE = `usage: npm run dev-hub [-- --json]

Runs a development Hub until it is stopped.
  --json  print one line, {"url","key","secret"}, for programs
`

try {
  const isJson = readArguments()
  const port = readDevHubPort(readEnvironment())
  const hub = await startDevHub({ port }).catch(namePort('DEV_HUB_PORT', port))
  process.stdout.write(isJson ? describeAsJson(hub) : describe(hub))
  onceToldToStop(() => void hub.close().then(() => process.exit(0)))
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

function describe({ url, apiKeys: [apiKey] }: DevHub): string {
  return `A development Hub runs until it is stopped; it forgets everything then.

  HUB_URL=${url}
  USER_API_KEY=${apiKey?.key}
  USER_API_SECRET=${apiKey?.secret}
`
}

function describeAsJson({ url, apiKeys: [apiKey] }: DevHub): string {
  return `${JSON.stringify({ url, key: apiKey?.key, secret: apiKey?.secret })}\n`
}
