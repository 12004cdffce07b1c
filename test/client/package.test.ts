import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { runInNewContext } from 'node:vm'
import { PrivateKey } from '@textile/hub'
import { build } from 'esbuild'
import { beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { CLIENT_PACKAGE, writeClientPackage } from '../../src/build/client-package.js'
import type { LoginWithChallenge } from '../../src/client/types.js'
import { Ed25519Identity } from '../support/ed25519-identity.js'
import { startScriptedServer, wholeLogin } from '../support/scripted-server.js'

const run = promisify(execFile)
const here = import.meta.dirname
const root = join(here, '../..')

/** Runs a program of the package itself, as built. */
async function runNode(script: string, ...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script, ...args], {
    cwd: root,
  })
  return stdout
}

describe('the built package', () => {
  it('logs in on Node.js, by its own name', async () => {
    const server = await startScriptedServer(wholeLogin())
    const script = `
      import { loginWithChallenge } from 'textile-userauth/client'
      import { PrivateKey } from '@textile/hub'
      const identity = PrivateKey.fromString(process.argv[1])
      const { key } = await loginWithChallenge(identity, { url: process.argv[2] })()
      process.stdout.write(key)`
    expect(await runNode(script, PrivateKey.fromRandom().toString(), server.url)).toBe('bkeykeykey')
  })

  it('has the same exports on Node.js and in a browser', async () => {
    const script = `
      import * as node from './dist/client/node.js'
      import * as browser from './dist/client/browser.js'
      process.stdout.write(JSON.stringify([Object.keys(node), Object.keys(browser)]))`
    const names = ['LoginError', 'loginWithChallenge']
    expect(JSON.parse(await runNode(script))).toEqual([names, names])
  })

  it('logs in with what a browser has, and nothing else', async () => {
    const server = await startScriptedServer(wholeLogin())
    const { outputFiles, metafile } = await build({
      stdin: { contents: "export * from 'textile-userauth/client'", resolveDir: here },
      platform: 'browser',
      format: 'iife',
      globalName: 'client',
      bundle: true,
      write: false,
      metafile: true,
    })
    const inputs = Object.keys(metafile.inputs).filter((input) => input !== '<stdin>')
    expect(inputs).toContainEqual(expect.stringMatching(/dist\/client\/browser\.js$/))
    for (const input of inputs) expect(input).toMatch(/dist\/(client\/[\w-]+|protocol)\.js$/)

    const { host, protocol } = new URL(server.url.replace('ws:', 'http:'))
    const page = {
      WebSocket,
      URL,
      performance,
      setTimeout,
      clearTimeout,
      location: { host, protocol },
    }
    const loginWithChallenge: LoginWithChallenge = runInNewContext(
      `${outputFiles[0]?.text}; client.loginWithChallenge`,
      page,
    )
    expect(await loginWithChallenge(new Ed25519Identity())()).toMatchObject({ key: 'bkeykeykey' })
  })

  it('is small', async () => {
    const { stdout } = await run(process.execPath, [join(here, 'size.js')])
    expect(stdout).toMatch(/^client: \d+ bytes/)
  })
})

describe("the package's types", () => {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const strict = ['--ignoreConfig', '--noEmit', '--strict', '--exactOptionalPropertyTypes']

  beforeAll(() => writeClientPackage(join(here, 'consumers/node_modules', CLIENT_PACKAGE)))

  it.each([
    ['bare.ts', '--lib es2022 --types --module nodenext'],
    ['bare.ts', '--lib es2022 --types --module esnext --moduleResolution bundler'],
    ['page.ts', '--lib es2022,dom --types --module esnext --moduleResolution bundler'],
    [
      'hook.tsx',
      '--lib es2022,dom --types --module esnext --moduleResolution bundler --jsx react-jsx',
    ],
    ['hub.ts', '--lib es2022 --types node --module nodenext --skipLibCheck'],
    ['hub.ts', '--lib es2022,dom --types node --module nodenext --skipLibCheck'],
  ])('fit %s with %s', async (file, options) => {
    const args = options.replace('--types --', '--types  --').split(' ')
    const compiled = run(process.execPath, [tsc, ...strict, ...args, join(here, 'consumers', file)])
    await compiled.catch(({ stdout }) => expect.unreachable(stdout))
  })
})
