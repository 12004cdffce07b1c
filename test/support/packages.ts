import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished } from 'vitest'
import { withDeadline } from '../../src/deadline.js'
import { ROOT } from './markdown.js'
import { freePort } from './ports.js'

const run = promisify(execFile)

/** How long a program gets to say that it listens, in seconds. */
const PATIENCE = 30

/** The tarballs that `npm run pack` makes, and the folder that they are in: apps may join them. */
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

/** Removes the folder that {@link packAll} has made, with all that is in it. */
export function removeTarballs({ folder }: Tarballs): Promise<void> {
  return rm(folder, { recursive: true, force: true })
}

/** Writes an app's files, by their paths, into its folder, which need not be there yet. */
export async function writeApp(
  app: string,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(app, file)), { recursive: true })
    await writeFile(join(app, file), text)
  }
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
 * Serves an app with a bundler that it has installed, until the test ends.
 *
 * @param program - the bundler's program, in the app's `node_modules`
 * @param args - its command, and the address 127.0.0.1 as it spells that
 * @returns the page's address, once the bundler has printed it
 */
export async function serveApp(
  app: string,
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const port = String(await freePort())
  const all = [join(app, 'node_modules', program), ...args, '--port', port]
  const child = spawn(process.execPath, all, {
    cwd: app,
    env: { PATH: process.env.PATH, NEXT_TELEMETRY_DISABLED: '1', ...env },
  })
  onTestFinished(async () => {
    const closed = once(child, 'close')
    child.kill('SIGTERM')
    await closed
  })
  let output = ''
  const url = `http://127.0.0.1:${port}`
  const listening = new Promise<string>((resolve, reject) => {
    const read = (data: Buffer) => {
      output += data
      if (output.includes(url)) resolve(`${url}/`)
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.once('exit', () => reject(new Error(`${program} ended: ${output}`)))
  })
  const late = () => new Error(`${program} never listened: ${output}`)
  return withDeadline(PATIENCE, listening, late)
}

/** Builds an app with the project's own Vite, and serves it until the test ends: at which address. */
export async function buildAndPreview(root: string): Promise<string> {
  const { build, preview } = await import('vite')
  await build({ root, logLevel: 'silent', build: { target: 'es2022' } })
  const site = await preview({ root, preview: { host: '127.0.0.1', port: 0 } })
  onTestFinished(() => site.close())
  return site.resolvedUrls?.local[0] ?? expect.unreachable('the site has no address')
}

/** Serves an app with Vite: what was built, or in development. */
export function serveWithVite(
  app: string,
  command: 'dev' | 'preview',
  env: Readonly<Record<string, string>>,
): Promise<string> {
  return serveApp(app, 'vite/bin/vite.js', [command, '--host', '127.0.0.1'], env)
}
