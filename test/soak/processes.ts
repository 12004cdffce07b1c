import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Limits } from '../../src/server/limits.js'
import type { Report } from './server.js'

const HERE = import.meta.dirname

/** A server under load, with a Hub of its own, both as processes. */
export interface Setup {
  readonly url: string
  report(): Promise<Report>
  stop(): void
}

/** Starts a development Hub and a server that uses it. */
export async function startSetup(limits: Partial<Limits>): Promise<Setup> {
  const hub = spawn(process.execPath, [join(HERE, '../../dist/dev-hub/main.js'), '--json'], {
    env: { ...process.env, DEV_HUB_PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(hub.stdout, 'data')
  const { url, key, secret } = JSON.parse(String(line))
  const server = fork(join(HERE, 'server.ts'), {
    execArgv: ['--expose-gc', '--import', 'tsx'],
    env: {
      ...process.env,
      HUB_URL: url,
      USER_API_KEY: key,
      USER_API_SECRET: secret,
      LIMITS: JSON.stringify(limits),
    },
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
      hub.kill('SIGTERM')
    },
  }
}

async function ask(server: ChildProcess): Promise<Report> {
  const answer = once(server, 'message')
  server.send('report')
  const [report] = await answer
  return report
}
