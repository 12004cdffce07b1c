import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from './ports.js'
import { PROGRAMS } from './programs.js'
import { untilPrinted } from './until-printed.js'

const run = promisify(execFile)

/** Has a character that URLs escape, as the passwords of some have. */
const PASSWORD = 'pass word/1'

/** A PostgreSQL server of the test's own. */
export interface Postgres {
  /** Address of its empty database, with user and password. */
  readonly url: string
  /** The password as it is typed. */
  readonly password: string
  /** Stops the server, dropping every connection. */
  stop(): Promise<void>
  /** Starts the server again, on the same port. */
  start(): Promise<void>
  /** Stops the server for good, and deletes its files. */
  close(): Promise<void>
}

/** Starts a server with files, port and socket of its own, and waits until it takes connections. */
export async function startPostgres(): Promise<Postgres> {
  if (PROGRAMS.initdb === undefined) throw new Error('PostgreSQL is not installed')
  const programs = dirname(PROGRAMS.initdb)
  const owner = await serverOwner()
  const folder = await mkdtemp(join(tmpdir(), 'postgres-'))
  const passwordFile = join(folder, 'password')
  await writeFile(passwordFile, PASSWORD)
  if (owner.uid !== undefined) {
    await chown(folder, owner.uid, owner.gid)
    await chown(passwordFile, owner.uid, owner.gid)
  }
  const data = join(folder, 'data')
  const options = { ...owner, cwd: folder, env: { PATH: process.env.PATH, LC_ALL: 'C' } }
  const settings = ['--auth', 'scram-sha-256', '--username', 'users', '--pwfile', passwordFile]
  await run(join(programs, 'initdb'), ['-D', data, '--no-sync', ...settings], options)
  const port = await freePort()

  const start = async () => {
    const args = ['-D', data, '-h', '127.0.0.1', '-p', String(port), '-k', folder]
    const server = spawn(join(programs, 'postgres'), args, { ...options, stdio: 'pipe' })
    const exited = once(server, 'exit')
    await untilPrinted(server.stderr, 'ready to accept connections', 'PostgreSQL')
    return { server, exited }
  }
  let running: Awaited<ReturnType<typeof start>> | undefined = await start()
  const stop = async () => {
    running?.server.kill('SIGINT') // PostgreSQL's fast shutdown.
    await running?.exited
    running = undefined
  }
  return {
    url: `postgres://users:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/postgres`,
    password: PASSWORD,
    stop,
    async start() {
      running = await start()
    },
    async close() {
      await stop()
      await rm(folder, { recursive: true })
    },
  }
}

/** PostgreSQL refuses to run as root: the user of Debian's package takes its place. */
async function serverOwner(): Promise<{ uid: number; gid: number } | { uid?: never; gid?: never }> {
  if (process.getuid?.() !== 0) return {}
  const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => run('id', [flag, 'postgres'])))
  return { uid: Number(uid?.stdout), gid: Number(gid?.stdout) }
}
