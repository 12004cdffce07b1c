import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { PrivateKey } from '@textile/hub'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { findChromium, launchBrowser } from '../support/browser.js'
import { dataFolder } from '../support/data-folder.js'
import { startWithDevHub } from '../support/login-server.js'
import { ProgramProcess } from '../support/server-process.js'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')

/** A plain Vite app that logs in with a given key at a given server, and shows its public key. */
const APP = {
  'index.html': `<!doctype html><output></output><script type="module" src="/main.js"></script>`,
  'main.js': `
    import { loginWithChallenge } from 'textile-userauth/client'
    const { url, pubkey, privateKey } = Object.fromEntries(new URLSearchParams(location.hash.slice(1)))
    const key = await crypto.subtle.importKey('jwk', JSON.parse(privateKey), 'Ed25519', false, ['sign'])
    const sign = async (bytes) => new Uint8Array(await crypto.subtle.sign('Ed25519', key, bytes))
    const { token } = await loginWithChallenge({ public: pubkey, sign }, { url })()
    document.querySelector('output').textContent = JSON.parse(atob(token.split('.')[1])).sub`,
}

describe('the package, as npm packs it,', () => {
  let folder: string
  let tarball: string
  let packed: string[]

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'userauth-package-'))
    const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]
    const { stdout } = await run('npm', pack, { cwd: ROOT })
    const [{ filename, files }] = JSON.parse(stdout)
    packed = files.map(({ path }: { path: string }) => path)
    tarball = join(folder, filename)
    await mkdir(join(folder, 'app'))
    await writeFile(join(folder, 'app/package.json'), '{"private":true,"type":"module"}')
    const install = ['install', '--no-audit', '--no-fund', '--prefer-offline', tarball]
    await run('npm', install, { cwd: join(folder, 'app') })
  }, 120_000)

  afterAll(() => rm(folder, { recursive: true, force: true }))

  /** Runs a tool of this project's from its installed packages. */
  async function runTool(path: string, ...args: string[]): Promise<void> {
    const tool = run(process.execPath, [join(ROOT, 'node_modules', path), ...args], { cwd: ROOT })
    await tool.catch(({ stdout, stderr }) => expect.unreachable(`${stdout}${stderr}`))
  }

  it('satisfies publint', () => runTool('publint/src/cli.js', 'run', tarball, '--strict'))

  it('has no source map, as it has no sources', () => {
    expect(packed.filter((file) => file.endsWith('.map'))).toEqual([])
  })

  it('brings the dashboard and the alert rules along', () => {
    for (const file of ['grafana-dashboard.json', 'alerts.yml']) {
      expect(packed).toContain(`src/metrics/${file}`)
    }
  })

  it('has types for whoever can import it: it is for ESM alone', () =>
    runTool('@arethetypeswrong/cli/dist/index.js', tarball, '--profile', 'esm-only'))

  it('logs in on Node.js', async () => {
    const { server } = await startWithDevHub()
    const script = `
      import { PrivateKey } from '@textile/hub'
      import { loginWithChallenge } from 'textile-userauth/client'
      const identity = PrivateKey.fromString(process.argv[1])
      const { token } = await loginWithChallenge(identity, { url: process.argv[2] })()
      process.stdout.write(JSON.parse(atob(token.split('.')[1])).sub)`
    const identity = PrivateKey.fromRandom()
    const args = ['--input-type=module', '-e', script, identity.toString(), server.url]
    const { stdout } = await run(process.execPath, args, { cwd: join(folder, 'app') })
    expect(stdout).toBe(identity.public.toString())
  })

  it('has the server for programs that embed it', async () => {
    const script = `
      import { ConfigError, createServer, start, startServer } from 'textile-userauth/server'
      process.stdout.write([ConfigError, startServer, createServer, start].map(({ name }) => name).join())`
    const args = ['--input-type=module', '-e', script]
    const { stdout } = await run(process.execPath, args, { cwd: join(folder, 'app') })
    expect(stdout).toBe('ConfigError,startServer,startServer,start')
  })

  it('has the program, which needs nothing else than what was installed', async () => {
    const { server } = await startWithDevHub()
    const DATA_DIR = await dataFolder()
    const program = join(folder, 'app/node_modules/.bin/textile-userauth')
    const environment = { PATH: process.env.PATH, DATA_DIR }
    const runProgram = async (...args: string[]) =>
      JSON.parse((await run(program, args, { cwd: folder, env: environment })).stdout)
    expect(await runProgram('login', server.url, '--json')).toMatchObject({ ok: true })
    expect(await runProgram('users', 'list', '--json')).toEqual({ ok: true, users: [], next: null })
  })

  it('has the server as a program', async () => {
    const program = join(folder, 'app/node_modules/textile-userauth/dist/cli/main.js')
    const environment = { PORT: '0', DEV_HUB_PORT: '0', DEV_HUB_GRPC_PORT: '0' }
    const server = await ProgramProcess.start(program, environment, ['start'])
    await server.printed(/users log in at ws:\/\//)
    server.kill('SIGTERM')
    expect(await server.ended()).toMatchObject({ status: 0 })
  })

  it('logs in from a plain Vite app', async ({ skip }) => {
    const executablePath = findChromium()
    if (!executablePath) return skip('no Chromium was found')
    const app = join(folder, 'app')
    for (const [name, text] of Object.entries(APP)) await writeFile(join(app, name), text)
    const { build, preview } = await import('vite')
    await build({ root: app, logLevel: 'silent', build: { target: 'es2022' } })
    const site = await preview({ root: app, preview: { host: '127.0.0.1', port: 0 } })
    onTestFinished(() => site.close())
    const browser = await launchBrowser(executablePath)
    onTestFinished(() => browser.close())

    const { server } = await startWithDevHub()
    const identity = PrivateKey.fromRandom()
    const page = await browser.newPage()
    const hash = new URLSearchParams({
      url: server.url,
      pubkey: identity.public.toString(),
      privateKey: JSON.stringify({
        kty: 'OKP',
        crv: 'Ed25519',
        d: Buffer.from(identity.seed).toString('base64url'),
        x: Buffer.from(identity.pubKey).toString('base64url'),
      }),
    })
    await page.goto(`${site.resolvedUrls?.local[0]}#${hash}`)
    const shown = page.locator('output:not(:empty)')
    await shown.waitFor({ state: 'attached', timeout: 10_000 })
    expect(await shown.textContent()).toBe(identity.public.toString())
    return undefined
  })
})
