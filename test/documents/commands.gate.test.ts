import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { dataFolder } from '../support/data-folder.js'
import { randomIdentity } from '../support/identity.js'
import { type Block, nameOf, readDocuments } from '../support/markdown.js'
import { freePort } from '../support/ports.js'
import { ProgramProcess, READY, runProgram } from '../support/server-process.js'
import { type Command, parseCommands, programOf, readPackage } from '../support/shell.js'
import { TestApp } from '../support/test-app.js'

const run = promisify(execFile)
const documents = await readDocuments()
const blocks = documents.flatMap((document) => document.blocks)
const isShell = ({ language }: Block) => language === 'sh'

it.each(documents.filter(({ blocks }) => blocks.some(isShell)))(
  'the commands of $path do what it shows',
  async ({ blocks }) => {
    const world = await World.create()
    let printed: string | undefined
    for (const block of blocks) {
      const { language, text } = block
      // What follows commands is what they print.
      const isOutput = language === 'text' || (language === 'json' && printed !== undefined)
      if (isOutput) expect(shapeOf(printed ?? ''), nameOf(block)).toEqual(shapeOf(text))
      printed = undefined
      if (!isShell(block)) continue
      for (const command of parseCommands(text)) printed = (await world.run(command)) ?? printed
    }
  },
)

it('lines of the log have the fields that are shown', async () => {
  const shown = blocks.find(({ language, text }) => language === 'json' && /"level"/.test(text))
  const server = await World.create().then((world) => world.start({ LOG_LEVEL: 'debug' }))
  const [, url = ''] = await server.printed(READY)
  const app = await TestApp.connect(url)
  expect(await app.login()).toMatchObject({ type: 'token' })
  await server.printed(/"outcome":"ok"/)
  const fieldsOf = (text: string) =>
    text
      .trim()
      .split('\n')
      .map((line) => Object.keys(JSON.parse(line)))
  const real = fieldsOf(server.stdout)
  for (const fields of fieldsOf(shown?.text ?? '')) expect(real).toContainEqual(fields)
})

/** Ports that the documents name, each with its variable. */
const PORTS = { 3001: 'PORT', 3006: 'DEV_HUB_GRPC_PORT', 3007: 'DEV_HUB_PORT' } as const

/** Where a document's commands are run: a folder, ports that are free, and a user. */
class World {
  readonly #folder: string
  readonly #ports: ReadonlyMap<string, number>
  #running: ProgramProcess | undefined
  readonly #user = randomIdentity()

  private constructor(folder: string, ports: ReadonlyMap<string, number>) {
    this.#folder = folder
    this.#ports = ports
  }

  static async create(): Promise<World> {
    const folder = await dataFolder()
    const named = [...Object.keys(PORTS), '9464']
    const free = named.map(async (port) => [port, await freePort()] as const)
    return new World(folder, new Map(await Promise.all(free)))
  }

  /** Runs a command, and returns what it prints; `undefined` where it is not for a test to run. */
  async run({ variables, words, line }: Command): Promise<string | undefined> {
    const [program = '', ...args] = words.filter((word) => word !== '--silent')
    const environment = this.#translateAll(variables)
    if (program === 'openssl') return this.#runInShell(line)
    if (program === 'curl') {
      await this.#ensureServer()
      return this.#runInShell(line)
    }
    if (program !== 'npm') return undefined
    const [command, name = '', , ...options] = args
    if (command === 'start') await this.start(environment)
    if (command !== 'run') return undefined
    const ours = programOf(readPackage().scripts[name] ?? '')
    if (!ours?.path.startsWith('dist')) return undefined
    const path = ours.path.replace('dist/', '')
    const given = [...ours.args, ...options.map((word) => this.#translate(word))]
    if (name === 'dev-hub') {
      // With other options it needs files of the reader's, or ends by itself.
      if (options.some((option) => option !== '--json')) return undefined
      const hub = await this.#startAlone(path, environment, given)
      await hub.printed(/SECRET=|"secret"/)
      return hub.stdout
    }
    // It goes on until it is stopped.
    if (options.includes('--watch')) return undefined
    await this.#ensureServer()
    // Where no address is given, it is one that a test must not listen at.
    if (name === 'login' && !given.some((word) => /^wss?:/.test(word))) {
      given.push(this.#translate('ws://127.0.0.1:3001/ws/userauth'))
    }
    const ending = await runProgram(path, this.#environment(environment), given)
    expect(ending, line).toMatchObject({ status: 0, stderr: '' })
    return ending.stdout
  }

  /** Starts a server at which the user has logged in. */
  async start(variables: Readonly<Record<string, string>> = {}): Promise<ProgramProcess> {
    const server = await this.#startAlone('index.js', variables)
    const [, url = ''] = await server.printed(READY)
    const app = await TestApp.connect(url, { rejectUnauthorized: false })
    expect(await app.login(this.#user)).toMatchObject({ type: 'token' })
    app.leave()
    return server
  }

  /** Starts a program in place of the one that runs, whose ports it takes. */
  async #startAlone(
    path: string,
    variables: Readonly<Record<string, string>>,
    args: readonly string[] = [],
  ): Promise<ProgramProcess> {
    this.#running?.kill('SIGTERM')
    await this.#running?.ended()
    this.#running = await ProgramProcess.start(path, this.#environment(variables), args)
    return this.#running
  }

  async #ensureServer(): Promise<void> {
    if (!this.#running) await this.start({ SIMPLE_AUTH: 'true' })
  }

  #environment(variables: Readonly<Record<string, string>>): Record<string, string> {
    const ports = Object.entries(PORTS).map(([port, name]) => [name, this.#translate(port)])
    const DATA_DIR = join(this.#folder, 'data')
    return { ...Object.fromEntries(ports), DATA_DIR, ...variables }
  }

  /** Another server's port becomes this one's, a placeholder what it stands for. */
  #translate(word: string): string {
    if (word === 'KEY') return this.#user.pubkey
    if (/^\w+\.pem$/.test(word)) return join(this.#folder, word)
    return word.replaceAll(/\b\d{4}\b/g, (port) => String(this.#ports.get(port) ?? port))
  }

  #translateAll(variables: Readonly<Record<string, string>>): Record<string, string> {
    const entries = Object.entries(variables)
    return Object.fromEntries(entries.map(([name, value]) => [name, this.#translate(value)]))
  }

  async #runInShell(line: string): Promise<string> {
    const script = `set -eo pipefail; ${this.#translate(line)}`
    const { stdout } = await run('bash', ['-c', script], { cwd: this.#folder })
    return stdout
  }
}

/** The lines of an output without what differs from run to run. */
function shapeOf(text: string): string[] {
  const shape = text
    .replaceAll(/\bb(?:…|[a-z2-7]{20,})/g, 'KEY')
    .replaceAll(/\/\S+\/data\/dev-hub/g, 'FOLDER')
    .replaceAll(/\b\w{6}…/g, 'SECRET')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/\d+/g, '0')
  return shape
    .split('\n')
    .map((line) => line.trim().replaceAll(/\s+/g, ' '))
    .filter((line) => line !== '')
}
