import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Limits } from '../../src/limits/limits.js'
import type { Report } from './server.js'

const HERE = import.meta.dirname

/** A server under load, with a Hub of its own, both as processes. */
export interface Setup {
  readonly url: string
  report(): Promise<Report>
  stop(): void
}

/** A development Hub, as a process. */
export interface HubProcess {
  readonly webUrl: string
  readonly grpcUrl: string
  /** What a server needs to use it, by gRPC-web. */
  readonly environment: Readonly<Record<'HUB_URL' | 'USER_API_KEY' | 'USER_API_SECRET', string>>
  stop(): void
}

/** Starts a development Hub on free ports. */
export async function startHub(): Promise<HubProcess> {
  const hub = spawn(
    process.execPath,
    [join(HERE, '../../dist/dev-hub/main.js'), '--json', '--in-memory'],
    {
      env: { ...process.env, DEV_HUB_PORT: '0', DEV_HUB_GRPC_PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const [line] = await once(hub.stdout, 'data')
  const { url, grpcUrl, key, secret } = JSON.parse(String(line))
  return {
    webUrl: url,
    grpcUrl,
    environment: { HUB_URL: url, USER_API_KEY: key, USER_API_SECRET: secret },
    stop: () => hub.kill('SIGTERM'),
  }
}

/** Starts a development Hub and a server that uses it. */
export async function startSetup(limits: Partial<Limits>): Promise<Setup> {
  const hub = await startHub()
  const server = fork(join(HERE, 'server.ts'), {
    execArgv: ['--expose-gc', '--import', 'tsx'],
    env: { ...process.env, ...hub.environment, LIMITS: JSON.stringify(limits) },
  })
  const [ready] = await once(server, 'message')
  server.once('exit', (code, signal) => {
    if (signal !== 'SIGKILL') throw new Error(`the server ended with ${code ?? signal}`)
  })
  return {
    url: ready.url,
    report: () => ask(server),
    stop() {
      server.kill('SIGKILL')
      hub.stop()
    },
  }
}

async function ask(server: ChildProcess): Promise<Report> {
  const answer = once(server, 'message')
  server.send('report')
  const [report] = await answer
  return report
}
