import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './ports.js'
import { PROGRAMS } from './programs.js'
import { untilPrinted } from './until-printed.js'

const PASSWORD = 'open-sesame'

/** A Redis server of the test's own, which keeps nothing on disk. */
export interface RedisServer {
  /** Its address, with the password. */
  readonly url: string
  readonly password: string
  /** Stops the server, dropping every connection and every count. */
  stop(): Promise<void>
  /** Starts the server again, on the same port. */
  start(): Promise<void>
  /** Has it answer nothing, though its connections stay, until it is thawed. */
  freeze(): void
  thaw(): void
  /** Stops the server for good. */
  close(): Promise<void>
}

/** Starts a server on a port of its own, and waits until it takes connections. */
export async function startRedis(): Promise<RedisServer> {
  const program = PROGRAMS.redis
  if (program === undefined) throw new Error('Redis is not installed')
  const folder = await mkdtemp(join(tmpdir(), 'redis-'))
  const port = await freePort()
  const start = async () => {
    const address = ['--bind', '127.0.0.1', '--port', String(port)]
    const args = [...address, '--save', '', '--appendonly', 'no', '--requirepass', PASSWORD]
    const server = spawn(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
    const exited = once(server, 'exit')
    await untilPrinted(server.stdout, 'Ready to accept connections', 'Redis')
    return { server, exited }
  }
  let running: Awaited<ReturnType<typeof start>> | undefined = await start()
  const stop = async () => {
    running?.server.kill('SIGKILL')
    await running?.exited
    running = undefined
  }
  return {
    url: `redis://:${PASSWORD}@127.0.0.1:${port}`,
    password: PASSWORD,
    stop,
    async start() {
      running = await start()
    },
    freeze: () => void running?.server.kill('SIGSTOP'),
    thaw: () => void running?.server.kill('SIGCONT'),
    async close() {
      await stop()
      await rm(folder, { recursive: true })
    },
  }
}
