import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { onTestFinished } from 'vitest'
import { withDeadline } from '../../src/deadline.js'

const DIST = join(import.meta.dirname, '../../dist')

/** How long a test waits for what a process must do, in seconds. */
const PATIENCE = 15

/** Variables of a development Hub on free ports. */
export const DEV_HUB = { DEV_HUB_PORT: '0', DEV_HUB_GRPC_PORT: '0' }

/** Variables of a server on a free port, with a development Hub of its own. */
export const SERVER = { PORT: '0', ...DEV_HUB }

/** Variables of a server on a free port, with a Hub elsewhere and its key for that. */
export function variablesFor(hubUrl: string, apiKey: { key: string; secret: string } | undefined) {
  return {
    PORT: '0',
    HOST: '127.0.0.1',
    HUB_URL: hubUrl,
    USER_API_KEY: apiKey?.key ?? '',
    USER_API_SECRET: apiKey?.secret ?? '',
  }
}

/** What a server prints when it is ready, with its endpoint. */
export const READY = /users log in at (wss?:\S+?userauth)/

/** How a process has ended. */
export interface Ending {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A program of the project, built and run as a process of its own. */
export class ProgramProcess {
  /** Its working directory, in which it finds its `.env`. */
  readonly folder: string
  readonly #child: ChildProcess
  readonly #closed: Promise<unknown>
  #wake: () => void = () => {}
  stdout = ''
  stderr = ''

  private constructor(child: ChildProcess, folder: string) {
    this.folder = folder
    this.#child = child
    this.#closed = once(child, 'close')
    child.stdout?.on('data', (data: Buffer) => {
      this.stdout += data
      this.#wake()
    })
    child.stderr?.on('data', (data: Buffer) => {
      this.stderr += data
      this.#wake()
    })
    void this.#closed.then(() => this.#wake())
  }

  /**
   * Starts a program in a folder of its own, so that no `.env` of the developer's gets in.
   *
   * @param program - path in the build, such as `index.js`, or an absolute one
   * @param environment - every variable it gets, but for PATH
   * @param dotenv - what its `.env` holds; it has none where missing
   */
  static async start(
    program: string,
    environment: Record<string, string> = {},
    args: readonly string[] = [],
    dotenv?: Record<string, string>,
  ): Promise<ProgramProcess> {
    const cwd = await mkdtemp(join(tmpdir(), 'userauth-'))
    if (dotenv) writeDotenv(cwd, dotenv)
    const env = { PATH: process.env.PATH, ...environment }
    const child = spawn(process.execPath, [resolve(DIST, program), ...args], { cwd, env })
    const started = new ProgramProcess(child, cwd)
    onTestFinished(async () => {
      await started.#end()
      await rm(cwd, { recursive: true })
    })
    return started
  }

  async #end(): Promise<void> {
    // A process that is killed leaves no account of what it ran.
    if (process.env.NODE_V8_COVERAGE) {
      this.kill('SIGTERM')
      await withDeadline(PATIENCE, this.#closed, () => new Error('runs on')).catch(() => {})
    }
    this.kill('SIGKILL')
    await this.#closed
  }

  get output(): string {
    return this.stdout + this.stderr
  }

  /** Puts other variables into its `.env`. */
  changeDotenv(variables: Record<string, string>): void {
    writeDotenv(this.folder, variables)
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Waits for output that matches, and returns the match. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    const search = async (): Promise<RegExpExecArray> => {
      for (;;) {
        const match = pattern.exec(this.output)
        if (match) return match
        if (this.#child.exitCode !== null) throw new Error(`ended: ${this.output}`)
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    }
    const late = () => new Error(`never printed ${pattern}: ${this.output}`)
    return withDeadline(PATIENCE, search(), late)
  }

  /** Waits for the program to end. */
  async ended(): Promise<Ending> {
    await withDeadline(PATIENCE, this.#closed, () => new Error(`runs on: ${this.output}`))
    return { status: this.#child.exitCode, stdout: this.stdout, stderr: this.stderr }
  }
}

function writeDotenv(folder: string, variables: Record<string, string>): void {
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`)
  writeFileSync(join(folder, '.env'), lines.join(''))
}

/** Starts a program and waits for its end. */
export async function runProgram(
  program: string,
  environment: Record<string, string> = {},
  args: readonly string[] = [],
): Promise<Ending> {
  const running = await ProgramProcess.start(program, environment, args)
  return running.ended()
}
