import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished } from 'vitest'
import { withDeadline } from '../../src/deadline.js'
import { ROOT } from './markdown.js'

const run = promisify(execFile)

/** How long a program gets to say that it listens, in seconds. */
const PATIENCE = 30

/** The tarballs that `npm run pack` makes, and the folder that they are in. */
export interface Tarballs {
  readonly folder: string
  readonly server: string
  readonly client: string
}

/** Makes the tarballs of both packages. Whoever asks for them removes their folder. */
export async function packAll(): Promise<Tarballs> {
  const folder = await mkdtemp(join(tmpdir(), 'userauth-packages-'))
  const { stdout } = await run(process.execPath, [join(ROOT, 'src/build/pack.js'), folder])
  const [server = '', client = ''] = stdout.trim().split('\n')
  return { folder, server, client }
}

/** Removes what {@link packAll} has made. */
export function removeTarballs({ folder }: Tarballs): Promise<void> {
  return rm(folder, { recursive: true, force: true })
}

/** Installs packages in the folder of an app, from npm's cache where it has them. */
export async function npmInstall(app: string, ...packages: string[]): Promise<void> {
  const options = ['--no-audit', '--no-fund', '--prefer-offline']
  await run('npm', ['install', ...options, ...packages], { cwd: app })
}

/** The packages in an app's `node_modules`, in order. */
export async function listPackages(app: string): Promise<string[]> {
  const folder = join(app, 'node_modules')
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.'))
  const scoped = names.map(async (name) =>
    name.startsWith('@')
      ? (await readdir(join(folder, name))).map((own) => `${name}/${own}`)
      : name,
  )
  return (await Promise.all(scoped)).flat().toSorted()
}

/** Runs a program of a package with Node.js, and shows what it prints where it fails. */
export async function runTool(
  path: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const tool = run(process.execPath, [path, ...args], { cwd: ROOT, ...options })
  const { stdout, stderr } = await tool.catch((error) =>
    expect.unreachable(`${error.stdout}${error.stderr}`),
  )
  return stdout + stderr
}

/**
 * Serves an app with the Vite that it has installed, until the test ends.
 *
 * @param command - `preview` for what was built, `dev` for the sources
 * @returns the page's address
 */
export async function serveWithVite(
  app: string,
  command: 'dev' | 'preview',
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const program = join(app, 'node_modules/vite/bin/vite.js')
  const args = [program, command, '--host', '127.0.0.1', '--port', '0']
  const child = spawn(process.execPath, args, { cwd: app, env: { PATH: process.env.PATH, ...env } })
  onTestFinished(async () => {
    const closed = once(child, 'close')
    child.kill('SIGKILL')
    await closed
  })
  let output = ''
  const listening = new Promise<string>((resolve, reject) => {
    const read = (data: Buffer) => {
      output += data
      const [, url] = /(http:\/\/127\.0\.0\.1:\d+\/)/.exec(output) ?? []
      if (url !== undefined) resolve(url)
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.once('exit', () => reject(new Error(`vite ended: ${output}`)))
  })
  return withDeadline(PATIENCE, listening, () => new Error(`vite never listened: ${output}`))
}
