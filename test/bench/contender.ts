import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

/** How long one of the kernel's clock ticks is, in ms. */
const TICK_MS = 10

/** How many lines of a server are kept to find its address in, in characters. */
const MAX_OUTPUT = 100_000

/** The memory of a server, in bytes. */
export interface Memory {
  /** What its objects take, on the heap and outside of it, after a collection of garbage. */
  readonly kept: number
  /** What the system has given it. */
  readonly resident: number
}

/** A server that is measured, as a process of its own. */
export class Contender {
  readonly name: string
  readonly url: string
  readonly #process: ChildProcess
  readonly #dataFolder: string

  private constructor(name: string, url: string, process: ChildProcess, dataFolder: string) {
    this.name = name
    this.url = url
    this.#process = process
    this.#dataFolder = dataFolder
  }

  /**
   * Starts a server and waits until it says where users log in.
   *
   * @param args - what Node.js is given
   * @param folder - the checkout that it runs in; this one, unless told otherwise
   */
  static async start(
    name: string,
    args: readonly string[],
    environment: object,
    folder = ROOT,
  ): Promise<Contender> {
    const probe = join(import.meta.dirname, 'memory-probe.mjs')
    const dataFolder = await mkdtemp(join(tmpdir(), 'userauth-bench-'))
    const child = spawn(process.execPath, ['--expose-gc', '--import', probe, ...args], {
      cwd: folder,
      env: { ...process.env, ...environment, PORT: '0', HOST: '127.0.0.1', DATA_DIR: dataFolder },
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    })
    let output = ''
    child.stdout?.on('data', (data) => {
      output += data
    })
    for (;;) {
      const [, url] = /users log in at (ws:\S+?userauth)/.exec(output) ?? []
      if (url) {
        // What it logs from here on is read, and dropped.
        child.stdout?.removeAllListeners('data').resume()
        return new Contender(name, url, child, dataFolder)
      }
      if (child.exitCode !== null || output.length > MAX_OUTPUT) {
        throw new Error(`${name} does not start: ${output}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** User and system time since the process started, in ms, as Linux tells it. */
  async cpu(): Promise<number> {
    const stat = await readFile(`/proc/${this.#process.pid}/stat`, 'utf8')
    // The name, which may hold anything, ends with the last parenthesis.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS
  }

  /** What memory it uses now. */
  async memory(): Promise<Memory> {
    const answer = once(this.#process, 'message')
    this.#process.send('memory')
    const [memory] = await answer
    return memory
  }

  async stop(): Promise<void> {
    const exited = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await exited
    await rm(this.#dataFolder, { recursive: true })
  }
}
