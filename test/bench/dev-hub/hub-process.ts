import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'

const MAIN = join(import.meta.dirname, '../../../dist/dev-hub/main.js')

const addresses = z.object({ url: z.string(), key: z.string(), secret: z.string() })

/** The development Hub as it is delivered: a process of its own, which remembers in a folder. */
export class HubProcess {
  readonly url: string
  readonly apiKey: { readonly key: string; readonly secret: string }
  readonly #child: ChildProcess
  readonly #folder: string

  private constructor(
    child: ChildProcess,
    folder: string,
    { url, key, secret }: z.infer<typeof addresses>,
  ) {
    this.#child = child
    this.#folder = folder
    this.url = url
    this.apiKey = { key, secret }
  }

  /** Starts a Hub that remembers nothing yet. */
  static async start(): Promise<HubProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'dev-hub-'))
    const env = {
      PATH: process.env.PATH,
      DATA_DIR: folder,
      DEV_HUB_PORT: '0',
      DEV_HUB_GRPC_PORT: '0',
    }
    const stdio = ['ignore', 'pipe', 'inherit'] as const
    const child = spawn(process.execPath, [MAIN, '--json'], { cwd: folder, env, stdio: [...stdio] })
    const [line] = await once(child.stdout ?? child, 'data')
    return new HubProcess(child, folder, addresses.parse(JSON.parse(String(line))))
  }

  /** The memory that it has now, and the most that it had, in MB of 1,000,000 bytes. */
  async memory(): Promise<{ readonly now: number; readonly most: number }> {
    const status = await readFile(`/proc/${this.#child.pid}/status`, 'utf8')
    const megabytes = (name: string) => {
      const [, kibibytes] = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status) ?? []
      return (Number(kibibytes) * 1024) / 1e6
    }
    return { now: megabytes('VmRSS'), most: megabytes('VmHWM') }
  }

  /** Stops it, and forgets what it remembered. */
  async stop(): Promise<void> {
    const closed = once(this.#child, 'close')
    this.#child.kill('SIGTERM')
    await closed
    await rm(this.#folder, { recursive: true })
  }
}
