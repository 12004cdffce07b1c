import { execFile } from 'node:child_process'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { PrivateKey } from '@textile/hub'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { openUserStore } from '../../src/users/open-user-store.js'
import { openPage } from '../support/browser.js'
import { dataFolder } from '../support/data-folder.js'
import { startWithDevHub } from '../support/login-server.js'
import { ROOT } from '../support/markdown.js'
import {
  buildAndPreview,
  npmInstall,
  packAll,
  removeTarballs,
  runTool,
  type Tarballs,
  writeApp,
} from '../support/packages.js'
import { PROGRAMS } from '../support/programs.js'
import { ProgramProcess, READY, SERVER } from '../support/server-process.js'

const run = promisify(execFile)

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
  let tarballs: Tarballs
  let app: string
  let packed: string[]

  beforeAll(async () => {
    tarballs = await packAll()
    app = join(tarballs.folder, 'app')
    await writeApp(app, { 'package.json': '{"private":true,"type":"module"}' })
    await npmInstall(app, tarballs.server)
    packed = await readdir(join(app, 'node_modules/textile-userauth'), { recursive: true })
  })

  afterAll(() => removeTarballs(tarballs))

  it('satisfies publint', async () => {
    const publint = join(ROOT, 'node_modules/publint/src/cli.js')
    await runTool(publint, ['run', tarballs.server, '--strict'])
  })

  it('has no source map, as it has no sources', () => {
    expect(packed.filter((file) => file.endsWith('.map'))).toEqual([])
  })

  it('brings the dashboard and the alert rules along', () => {
    for (const file of ['grafana-dashboard.json', 'alerts.yml']) {
      expect(packed).toContain(`src/metrics/${file}`)
    }
  })

  it('has types for whoever can import it: it is for ESM alone', async () => {
    const attw = join(ROOT, 'node_modules/@arethetypeswrong/cli/dist/index.js')
    await runTool(attw, [tarballs.server, '--profile', 'esm-only'])
  })

  it('has types that need nothing but what it depends on, and those of Node.js', async () => {
    await npmInstall(app, '--save-dev', 'typescript', '@types/node@20')
    await writeFile(join(app, 'types.ts'), "export * from 'textile-userauth/server'")
    const options =
      '--ignoreConfig --noEmit --strict --module nodenext --types node --skipLibCheck false'
    const tsc = join(app, 'node_modules/typescript/bin/tsc')
    const compiled = run(process.execPath, [tsc, ...options.split(' '), 'types.ts'], { cwd: app })
    const { stdout } = await compiled.catch((error) => error)
    // What is wrong with the types of other packages is not ours.
    const ours = String(stdout)
      .split('\n')
      .filter((line) => line.includes('textile-userauth/'))
    expect(ours).toEqual([])
  })

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
    const { stdout } = await run(process.execPath, args, { cwd: app })
    expect(stdout).toBe(identity.public.toString())
  })

  it('has the server for programs that embed it', async () => {
    const script = `
      import { ConfigError, createServer, start, startServer } from 'textile-userauth/server'
      process.stdout.write([ConfigError, startServer, createServer, start].map(({ name }) => name).join())`
    const args = ['--input-type=module', '-e', script]
    const { stdout } = await run(process.execPath, args, { cwd: app })
    expect(stdout).toBe('ConfigError,startServer,startServer,start')
  })

  it('has the program, which needs nothing else than what was installed', async () => {
    const { server } = await startWithDevHub()
    const DATA_DIR = await dataFolder()
    await (await openUserStore({ kind: 'sqlite', folder: DATA_DIR })).close()
    const program = join(app, 'node_modules/.bin/textile-userauth')
    const environment = { PATH: process.env.PATH, DATA_DIR }
    const runProgram = async (...args: string[]) =>
      JSON.parse((await run(program, args, { cwd: tarballs.folder, env: environment })).stdout)
    expect(await runProgram('login', server.url, '--json')).toMatchObject({ ok: true })
    expect(await runProgram('users', 'list', '--json')).toMatchObject({
      ...{ ok: true, users: [], next: null },
      store: join(DATA_DIR, 'users.sqlite'),
    })
  })

  it('has the server as a program', async () => {
    const program = join(app, 'node_modules/textile-userauth/dist/cli/main.js')
    const server = await ProgramProcess.start(program, SERVER, ['start'])
    await server.printed(READY)
    server.kill('SIGTERM')
    expect(await server.ended()).toMatchObject({ status: 0 })
  })

  it.skipIf(!PROGRAMS.chromium)('logs in from a plain Vite app', async () => {
    await writeApp(app, APP)
    const site = await buildAndPreview(app)

    const { server } = await startWithDevHub()
    const identity = PrivateKey.fromRandom()
    const page = await openPage()
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
    await page.goto(`${site}#${hash}`)
    const shown = page.locator('output:not(:empty)')
    await shown.waitFor({ state: 'attached', timeout: 10_000 })
    expect(await shown.textContent()).toBe(identity.public.toString())
  })
})
