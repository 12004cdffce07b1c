import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openPage } from '../support/browser.js'
import { startWithDevHub } from '../support/login-server.js'
import { readDocument } from '../support/markdown.js'
import {
  npmInstall,
  packAll,
  removeTarballs,
  runTool,
  serveApp,
  type Tarballs,
  writeApp,
} from '../support/packages.js'
import { PROGRAMS } from '../support/programs.js'

/** What the recipe of webpack is tried with. */
const WEBPACK_APP = {
  'public/index.html': '<!doctype html><main></main><script type="module" src="/main.js"></script>',
  'src/main.js': `
    import { Client, PrivateKey } from '@textile/hub'
    import { loginWithChallenge } from 'textile-userauth-client'
    const client = Client.withUserAuth(loginWithChallenge(PrivateKey.fromRandom()), 'http://127.0.0.1:3007')
    const threads = await client.listThreads()
    document.querySelector('main').textContent = \`\${threads.length} threads, Buffer: \${typeof Buffer}\``,
}

describe.skipIf(!PROGRAMS.chromium)('the recipes of docs/bundlers.md', () => {
  let tarballs: Tarballs

  beforeAll(async () => {
    tarballs = await packAll()
  })

  afterAll(() => removeTarballs(tarballs))

  /** The block of the page that has a text in it. */
  async function recipe(text: string): Promise<string> {
    const { blocks } = await readDocument('docs/bundlers.md')
    return blocks.find((block) => block.text.includes(text))?.text ?? expect.unreachable(text)
  }

  /** Makes an app that reaches a server and a Hub of the test's where the page says 3001 and 3007. */
  async function makeApp(
    name: string,
    packages: string,
    files: Readonly<Record<string, string>>,
  ): Promise<string> {
    const { server, hub } = await startWithDevHub()
    const app = join(tarballs.folder, name)
    await writeApp(app, { 'package.json': '{"private":true,"type":"module"}' })
    for (const [file, text] of Object.entries(files)) {
      const own = text
        .replaceAll('127.0.0.1:3001', new URL(server.url).host)
        .replaceAll('127.0.0.1:3007', new URL(hub.url).host)
      await writeApp(app, { [file]: own })
    }
    await npmInstall(app, tarballs.client, '@textile/hub', ...packages.split(' '))
    return app
  }

  async function open(url: string) {
    const page = await openPage()
    page.setDefaultTimeout(30_000)
    await page.goto(url)
    return page
  }

  it('work with webpack, where the SDK needs no Buffer', async () => {
    const app = await makeApp('webpack', 'webpack webpack-cli webpack-dev-server', {
      ...WEBPACK_APP,
      'webpack.config.js': await recipe('devServer'),
    })
    const args = ['serve', '--mode', 'development', '--host', '127.0.0.1']
    const page = await open(await serveApp(app, 'webpack/bin/webpack.js', args))
    await page.getByText('0 threads, Buffer: undefined').waitFor()
  })

  it('work with Next.js, built', async () => {
    const packages = 'next react react-dom typescript@5 @types/react @types/node'
    const app = await makeApp('next', packages, {
      'next.config.ts': await recipe('rewrites'),
      'app/page.tsx': await recipe("'use client'\nimport"),
      'app/layout.tsx': `
        export default function Layout({ children }: { children: React.ReactNode }) {
          return <html lang="en"><body>{children}</body></html>
        }`,
    })
    const program = 'next/dist/bin/next'
    await runTool(join(app, 'node_modules', program), ['build'], {
      cwd: app,
      env: { PATH: process.env.PATH, NEXT_TELEMETRY_DISABLED: '1' },
    })
    const page = await open(await serveApp(app, program, ['start', '--hostname', '127.0.0.1']))
    await page.getByRole('button', { name: 'Count my threads' }).click()
    await page.getByText('0', { exact: true }).waitFor()
  })
})
