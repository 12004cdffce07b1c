/**
 * `npm run footprint`: the files and functions of ours that one honest login enters, from the
 * upgrade to the socket's close, by V8's own coverage. Fails where there are more than a reader
 * should have to follow.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import type { Profiler } from 'node:inspector'
import { Session } from 'node:inspector/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { startHub } from '../soak/processes.js'
import { randomIdentity } from '../support/identity.js'
import { freePort } from '../support/ports.js'
import { TestApp } from '../support/test-app.js'

/** The most files that a login may enter, and the most lines that they may have in all. */
const MAX_FILES = 30
const MAX_LINES = 2_500

/** How long what follows a socket's close may take, in ms. */
const SETTLING_MS = 200

const ROOT = join(import.meta.dirname, '../..')
const DIST = join(ROOT, 'dist')

// What was built, as V8 would see any helper of a loader, too; its types are those of the sources,
// which can be checked before anything is built.
const { start }: typeof import('../../src/app/start.js') = await importBuilt('app/start.js')
const { readConfig }: typeof import('../../src/config/config.js') =
  await importBuilt('config/config.js')
const { openLog }: typeof import('../../src/log.js') = await importBuilt('log.js')

/** A file of `src` that was entered: its lines, and the functions of it that ran. */
interface Entered {
  readonly file: string
  readonly lines: number
  readonly functions: readonly string[]
}

const folder = await mkdtemp(join(tmpdir(), 'footprint-'))
const hub = await startHub()
try {
  const entered = await measure()
  print(entered)
} finally {
  hub.stop()
  await rm(folder, { recursive: true })
}

function importBuilt(file: string) {
  return import(pathToFileURL(join(DIST, file)).href)
}

/** Logs in once to warm up, then once more, and returns what the second login entered. */
async function measure(): Promise<Entered[]> {
  const port = await freePort()
  const config = readConfig({
    ...hub.environment,
    HUB_URL: hub.grpcUrl,
    PORT: String(port),
    HOST: '127.0.0.1',
    DATA_DIR: folder,
    LOG_LEVEL: 'silent',
  })
  const server = await start(config, await openLog('silent'))
  await server.keyChecked
  await logIn(port)
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  await session.post('Profiler.takePreciseCoverage')
  await logIn(port)
  const { result } = await session.post('Profiler.takePreciseCoverage')
  session.disconnect()
  await server.close()
  const ours = result.filter(({ url }) => url.startsWith(`file://${DIST}/`))
  const entered = await Promise.all(ours.map(({ url, functions }) => read(url, functions)))
  return entered.filter(({ functions }) => functions.length > 0)
}

/** One honest login, from the upgrade until the server has seen the socket close. */
async function logIn(port: number): Promise<void> {
  const identity = randomIdentity()
  const app = await TestApp.connect(`ws://127.0.0.1:${port}/ws/userauth`)
  app.sendSignature(identity.sign(await app.requestChallenge(identity.pubkey)))
  const { type } = await app.next()
  if (type !== 'token') throw new Error(`the login ended with ${type}`)
  app.leave()
  await app.closed()
  await new Promise((resolve) => setTimeout(resolve, SETTLING_MS))
}

async function read(url: string, coverage: readonly Profiler.FunctionCoverage[]): Promise<Entered> {
  const file = relative(DIST, fileURLToPath(url)).replace(/\.js$/, '.ts')
  const source = await readFile(join(ROOT, 'src', file), 'utf8')
  const entered = coverage.filter(({ ranges }) => ranges.some(({ count }) => count > 0))
  // The first range of a module is the module itself, which nothing enters after its import.
  const functions = entered.map(({ functionName }) => functionName || '(anonymous)')
  return { file, lines: source.split('\n').length - 1, functions }
}

function print(entered: readonly Entered[]): void {
  const files = entered.length
  const lines = sum(entered.map((one) => one.lines))
  const functions = sum(entered.map((one) => one.functions.length))
  for (const one of entered.toSorted((a, b) => a.file.localeCompare(b.file))) {
    const name = one.file.padEnd(32)
    process.stdout.write(`${name} ${String(one.lines).padStart(4)}  ${one.functions.join(' ')}\n`)
  }
  const result = `one login: ${files} files of ${MAX_FILES}, ${lines} lines of ${MAX_LINES}, ${functions} functions\n`
  process.stdout.write(result)
  if (files > MAX_FILES || lines > MAX_LINES) process.exitCode = 1
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
