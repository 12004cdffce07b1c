import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type DevHubConfig, readDevHubConfig } from '../config/config.js'
import { ConfigError } from '../config/config-error.js'
import { readEnvironment } from '../config/environment.js'
import { explainListenError } from '../config/listen-errors.js'
import { onShutdownSignal } from '../process.js'
import { type Arguments, readArguments } from './arguments.js'
import type { RunningHub } from './hub.js'
import { exportSeed } from './seed/export-seed.js'
import { readSeed } from './seed/seed-file.js'
import { SetupError } from './setup-error.js'
import { openState } from './state.js'
import { startHubThread } from './worker/hub-thread.js'

try {
  const given = readArguments()
  const config = readDevHubConfig(readEnvironment())
  if (given.exportTo === undefined) await run(config, given)
  else await writeExport(config, given.exportTo)
} catch (error) {
  if (!(error instanceof ConfigError || error instanceof SetupError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}

/** Runs a Hub until the process is told to stop. */
async function run(config: DevHubConfig, { inMemory, reset, json, seed }: Arguments) {
  const { port, grpcPort } = config
  const dataDir = inMemory ? undefined : config.dataDir
  const options = { port, grpcPort, dataDir, reset, seed: readSeedOf(config, seed) }
  const hub = await startHubThread(options, (text, path) => {
    process.stderr.write(`development Hub, ${path}: ${text}\n`)
  }).catch((error: unknown) =>
    explainListenError(error, { ports: { DEV_HUB_PORT: port, DEV_HUB_GRPC_PORT: grpcPort } }),
  )
  // Before it is told where the Hub is, a program has no reason to stop it.
  onShutdownSignal(() => void hub.close().then(() => process.exit(0)))
  process.stdout.write(json ? describeAsJson(hub) : describe(hub, dataDir))
}

function readSeedOf({ seedFile }: DevHubConfig, seed: string | undefined) {
  if (seed !== undefined) return readSeed(seed, '--seed')
  return seedFile === undefined ? undefined : readSeed(seedFile, 'DEV_HUB_SEED')
}

/** Writes what is in the Hub into a file. */
async function writeExport({ dataDir }: DevHubConfig, file: string): Promise<void> {
  const state = await openState({ dataDir })
  try {
    const text = `${JSON.stringify(exportSeed((await state.domains.threads()).databases), null, 2)}\n`
    if (file === '-') process.stdout.write(text)
    else writeFileSync(file, text)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
    throw new ConfigError([`--export: ${file} can't be written: ${error.message}`])
  } finally {
    await state.close()
  }
}

function describe(hub: RunningHub, dataDir: string | undefined): string {
  const memory =
    dataDir === undefined
      ? 'forgets everything then'
      : `remembers in ${join(resolve(dataDir), 'dev-hub')}`
  return `A development Hub runs until it is stopped; it ${memory}.

  HUB_URL=${hub.grpcUrl}
  HUB_PUBLIC_URL=${hub.url}
  USER_API_KEY=${hub.apiKeys[0]?.key}
  USER_API_SECRET=${hub.apiKeys[0]?.secret}
`
}

function describeAsJson({ url, grpcUrl, apiKeys: [apiKey] }: RunningHub): string {
  return `${JSON.stringify({ url, grpcUrl, key: apiKey?.key, secret: apiKey?.secret })}\n`
}
