import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PrivateKey } from '@textile/hub'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openPage } from '../support/browser.js'
import { startWithDevHub } from '../support/login-server.js'
import { ROOT } from '../support/markdown.js'
import {
  listPackages,
  npmInstall,
  packAll,
  removeTarballs,
  runTool,
  serveWithVite,
  type Tarballs,
  writeApp,
} from '../support/packages.js'
import { PROGRAMS } from '../support/programs.js'

const CLIENT = 'textile-userauth-client'
const MANIFEST = '{"private":true,"type":"module"}'

/** What an app of Vite, React and strict TypeScript has before it has the client. */
const VITE_PACKAGES =
  'react react-dom vite typescript @types/react @types/react-dom @vitejs/plugin-react'

/** Such an app: it logs in with a seed that a wallet's signature makes, and shows who that is. */
const VITE_APP = {
  'package.json': MANIFEST,
  'index.html': '<!doctype html><main></main><script type="module" src="/src/main.tsx"></script>',
  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      target: 'es2022',
      lib: ['es2022', 'dom'],
      types: [],
      module: 'esnext',
      moduleResolution: 'bundler',
      jsx: 'react-jsx',
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      verbatimModuleSyntax: true,
      noEmit: true,
    },
    include: ['src'],
  }),
  'vite.config.js': `
    import react from '@vitejs/plugin-react'
    const proxy = { '/ws/userauth': { target: process.env.LOGIN_SERVER, ws: true } }
    export default { plugins: [react()], server: { proxy }, preview: { proxy } }`,
  'src/main.tsx': `
    import { StrictMode } from 'react'
    import { createRoot } from 'react-dom/client'
    import { type Identity, LoginError, loginWithChallenge } from 'textile-userauth-client'
    import { useUserAuth } from 'textile-userauth-client/react'
    import { seedFromSignature } from 'textile-userauth-client/wallet'

    const { pubkey = '', d = '', x = '' } = Object.fromEntries(new URLSearchParams(location.hash.slice(1)))
    const jwk = { kty: 'OKP', crv: 'Ed25519', d, x }
    const key = await crypto.subtle.importKey('jwk', jwk, 'Ed25519', false, ['sign'])
    const sign = async (bytes: Uint8Array) =>
      new Uint8Array(await crypto.subtle.sign('Ed25519', key, Uint8Array.from(bytes)))
    const identity: Identity = { public: pubkey, sign }
    const seed = await seedFromSignature((text) => sign(new TextEncoder().encode(text)), 'An app')
    const { key: apiKey } = await loginWithChallenge(identity)()

    function App() {
      const { logIn, userAuth, error } = useUserAuth(identity)
      const sub = userAuth && JSON.parse(atob(userAuth.token.split('.')[1] ?? '')).sub
      return (
        <>
          <button type="button" onClick={logIn}>Log in</button>
          <output>{error instanceof LoginError ? error.code : sub}</output>
          <p>{seed.length} {apiKey === userAuth?.key ? 'same key' : ''}</p>
        </>
      )
    }
    createRoot(document.querySelector('main')!).render(<StrictMode><App /></StrictMode>)`,
}

describe('the package of the client', () => {
  let tarballs: Tarballs

  beforeAll(async () => {
    tarballs = await packAll()
  })

  afterAll(() => removeTarballs(tarballs))

  /** Makes a folder with an app's files. */
  async function makeApp(name: string, files: Readonly<Record<string, string>>): Promise<string> {
    const app = join(tarballs.folder, name)
    await writeApp(app, files)
    return app
  }

  it('satisfies publint', async () => {
    const publint = join(ROOT, 'node_modules/publint/src/cli.js')
    await runTool(publint, ['run', tarballs.client, '--strict'])
  })

  it('has types for whoever can import it: it is for ESM alone', async () => {
    const attw = join(ROOT, 'node_modules/@arethetypeswrong/cli/dist/index.js')
    await runTool(attw, [tarballs.client, '--profile', 'esm-only'])
  })

  it('is of the version of the server, and depends on nothing', async () => {
    const app = await makeApp('bare', { 'package.json': MANIFEST })
    await npmInstall(app, tarballs.client)
    expect(await listPackages(app)).toEqual([CLIENT])
    const installed = join(app, 'node_modules', CLIENT, 'package.json')
    const own = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
    const client = JSON.parse(await readFile(installed, 'utf8'))
    expect(client).toMatchObject({ version: own.version, license: own.license })
    expect(client).not.toHaveProperty('dependencies')
  })

  it('asks for ws in Node.js 20, and uses the WebSocket of newer ones', async () => {
    const identity = PrivateKey.fromRandom()
    const { server } = await startWithDevHub()
    const app = await makeApp('node', { 'package.json': MANIFEST, 'log-in.js': LOG_IN })
    await npmInstall(app, tarballs.client)
    const seed = Buffer.from(identity.seed).toString('base64url')
    const x = Buffer.from(identity.pubKey).toString('base64url')
    const args = ['log-in.js', server.url, identity.public.toString(), seed, x]
    const logIn = (...flags: string[]) => {
      const [script = '', ...rest] = [...flags, ...args]
      return runTool(script, rest, { cwd: app })
    }
    expect(await logIn('--no-experimental-websocket')).toContain(
      'In Node.js 20, run npm install ws',
    )
    expect(await logIn('--experimental-websocket')).toBe(identity.public.toString())

    await npmInstall(app, 'ws')
    expect(await listPackages(app)).toEqual([CLIENT, 'ws'])
    expect(await logIn('--no-experimental-websocket')).toBe(identity.public.toString())
  })

  it('is all that it brings into an app of Vite, React and strict TypeScript, and logs in there', async ({
    skip,
  }) => {
    const app = await makeApp('vite', VITE_APP)
    await npmInstall(app, ...VITE_PACKAGES.split(' '))
    const before = await listPackages(app)
    await npmInstall(app, tarballs.client)
    expect(await listPackages(app)).toEqual([...before, CLIENT].toSorted())

    await runTool(join(app, 'node_modules/typescript/bin/tsc'), ['-p', '.'], { cwd: app })
    const vite = join(app, 'node_modules/vite/bin/vite.js')
    const output = await runTool(vite, ['build', '--logLevel', 'warn'], { cwd: app })
    expect(output).toBe('')

    if (!PROGRAMS.chromium) return skip('no Chromium was found')
    const { server } = await startWithDevHub()
    const env = { LOGIN_SERVER: new URL(server.url).origin.replace('ws:', 'http:') }
    const url = await serveWithVite(app, 'preview', env)
    const identity = PrivateKey.fromRandom()
    const page = await openPage()
    const hash = new URLSearchParams({
      pubkey: identity.public.toString(),
      d: Buffer.from(identity.seed).toString('base64url'),
      x: Buffer.from(identity.pubKey).toString('base64url'),
    })
    await page.goto(`${url}#${hash}`)
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByText('32 same key').waitFor()
    expect(await page.locator('output').textContent()).toBe(identity.public.toString())
    return undefined
  })
})

/** A program that logs in with WebCrypto's Ed25519 and prints who that is, or what went wrong. */
const LOG_IN = `
  import { loginWithChallenge } from '${CLIENT}'
  const [url, pubkey, d, x] = process.argv.slice(2)
  const jwk = { kty: 'OKP', crv: 'Ed25519', d, x }
  const key = await crypto.subtle.importKey('jwk', jwk, 'Ed25519', false, ['sign'])
  const sign = async (bytes) => new Uint8Array(await crypto.subtle.sign('Ed25519', key, bytes))
  try {
    const { token } = await loginWithChallenge({ public: pubkey, sign }, { url })()
    process.stdout.write(JSON.parse(atob(token.split('.')[1])).sub)
  } catch ({ message }) {
    process.stdout.write(message)
  }`
