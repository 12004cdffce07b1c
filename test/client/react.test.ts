import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { complaintsOf, launchBrowser } from '../support/browser.js'
import { randomIdentity } from '../support/identity.js'
import { PROGRAMS } from '../support/programs.js'
import {
  answers,
  errorMessage,
  type Script,
  type ScriptedServer,
  startScriptedServer,
  wholeLogin,
} from '../support/scripted-server.js'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')
/** The page of consumers/hook.tsx, in a bundle with React in its development mode. */
async function bundlePage(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'consumers/hook.tsx')],
    alias: { 'textile-userauth-client/react': join(ROOT, 'dist/client/react.js') },
    define: { 'process.env.NODE_ENV': '"development"' },
    jsx: 'automatic',
    bundle: true,
    write: false,
    logLevel: 'silent',
  })
  return outputFiles[0]?.text ?? ''
}

describe.skipIf(!PROGRAMS.chromium)('useUserAuth, in StrictMode,', () => {
  let browser: Browser
  let script: string

  beforeAll(async () => {
    script = await bundlePage()
    browser = await launchBrowser()
  })

  afterAll(() => browser.close())

  /** Opens the page, whose users' keys stay here. */
  async function open() {
    const users = [randomIdentity(), randomIdentity()] as const
    const context = await browser.newContext()
    onTestFinished(() => context.close())
    context.setDefaultTimeout(10_000)
    const page = await context.newPage()
    const complaints = complaintsOf(page)
    await page.exposeFunction('signAs', (pubkey: string, bytes: number[]) => [
      ...(users.find((user) => user.pubkey === pubkey)?.sign(Uint8Array.from(bytes)) ?? []),
    ])
    await page.setContent('<!doctype html>')
    await page.addScriptTag({ content: script })
    const show = (props?: object) => page.evaluate(`show(${JSON.stringify(props) ?? ''})`)
    return { page, users, complaints, show }
  }

  const shows = (page: Page, id: string, text: string | RegExp) =>
    page.locator(`#${id}`).filter({ hasText: text }).waitFor({ state: 'attached' })
  const click = (page: Page, name: string) => page.getByRole('button', { name }).click()
  const countLogIns = (page: Page) => page.evaluate('logIns.length')

  it('logs nobody in by itself, and once when a child asks on being mounted', async () => {
    const server = await startScriptedServer(wholeLogin())
    const { page, users, complaints, show } = await open()
    await show({ pubkey: users[0].pubkey, url: server.url })
    await page.getByRole('button', { name: 'Log in' }).waitFor()
    expect(server.visits).toBe(0)
    await show({ pubkey: users[0].pubkey, url: server.url, eager: true })
    await shows(page, 'eager', 'jwt.jwt.jwt')
    await shows(page, 'user', 'jwt.jwt.jwt')
    await shows(page, 'step', 'token')
    expect(server.visits).toBe(1)
    expect(complaints).toEqual([])
  })

  it('keeps logIn while user and options have the same values, whatever objects they are in', async () => {
    const server = await startScriptedServer(wholeLogin())
    const other = await startScriptedServer(wholeLogin())
    const { page, users, show } = await open()
    const props = { pubkey: users[0].pubkey, url: server.url }
    await show(props)
    await click(page, 'Log in')
    await shows(page, 'user', 'jwt')
    const before = await countLogIns(page)
    for (let time = 0; time < 3; time += 1) await show(props)
    await click(page, 'Log in')
    expect(await countLogIns(page)).toBe(before)
    expect(server.visits).toBe(1)

    await show({ ...props, url: other.url })
    await shows(page, 'user', /^$/)
    expect(await countLogIns(page)).toBe(Number(before) + 1)
    await click(page, 'Log in')
    await shows(page, 'user', 'jwt')
    expect(other.visits).toBe(1)
  })

  it('aborts the login that runs when it is unmounted', async () => {
    const { asked, script } = keepsSilent()
    const server = await startScriptedServer(script)
    const { page, users, complaints, show } = await open()
    await show({ pubkey: users[0].pubkey, url: server.url })
    await click(page, 'Log in')
    await asked
    await show()
    await server.idle()
    expect(server.open).toBe(0)
    expect(complaints).toEqual([])
  })

  it('lets a client that outlives it log in', async () => {
    const server = await startScriptedServer(wholeLogin())
    const { page, users, show } = await open()
    await show({ pubkey: users[0].pubkey, url: server.url })
    await page.getByRole('button', { name: 'Log in' }).waitFor()
    await show()
    await page.locator('button').first().waitFor({ state: 'detached' })
    expect(await page.evaluate('logIns.at(-1)().then(({ token }) => token)')).toBe('jwt.jwt.jwt')
  })

  it('aborts the login of one user and shows nothing of it once there is another', async () => {
    const { asked, script } = keepsSilent()
    const server = await startScriptedServer(script, wholeLogin())
    const { page, users, complaints, show } = await open()
    await show({ pubkey: users[0].pubkey, url: server.url, eager: true })
    await asked
    await show({ pubkey: users[1].pubkey, url: server.url, eager: true })
    await shows(page, 'eager', 'jwt')
    await shows(page, 'error', /^$/)
    expect(pubkeysIn(server)).toEqual(users.map(({ pubkey }) => pubkey))
    expect(server.open).toBe(0)
    expect(complaints).toEqual([])
  })

  it('logs out: what was given out logs in no more, and the next login is a new one', async () => {
    const server = await startScriptedServer(wholeLogin())
    const { page, users, show } = await open()
    await show({ pubkey: users[0].pubkey, url: server.url })
    await click(page, 'Log in')
    await shows(page, 'user', 'jwt')
    await click(page, 'Log out')
    await shows(page, 'user', /^$/)
    await shows(page, 'step', /^$/)
    expect(await page.evaluate('logIns.at(-2)().catch(({ code }) => code)')).toBe('aborted')
    expect(server.visits).toBe(1)
    await click(page, 'Log in')
    await shows(page, 'user', 'jwt')
    expect(server.visits).toBe(2)
  })

  it('shows why a login failed, until the next one begins, and leaves no rejection unhandled', async () => {
    const refuses = answers(errorMessage('denied'))
    const server = await startScriptedServer(refuses, wholeLogin())
    const { page, users, complaints, show } = await open()
    await show({ pubkey: users[0].pubkey, url: server.url })
    await click(page, 'Log in')
    await shows(page, 'error', 'denied')
    await shows(page, 'step', 'failed')
    await click(page, 'Log in')
    await shows(page, 'user', 'jwt')
    await shows(page, 'error', /^$/)
    expect(complaints).toEqual([])
  })

  it.each([
    ['an identity', { url: 'ws://127.0.0.1:1' }, 'given no identity yet'],
    ['an address', { pubkey: 'b', url: 'http://127.0.0.1' }, 'url must be a ws: or wss: address'],
  ])('says that it needs %s', async (_what, props, error) => {
    const { page, show } = await open()
    await show(props)
    await click(page, 'Log in')
    await shows(page, 'error', error)
  })
})

it('useUserAuth can be rendered on a server, where there is neither page nor WebSocket', async () => {
  const script = `
    delete globalThis.WebSocket
    import { createElement } from 'react'
    import { renderToString } from 'react-dom/server'
    import { useUserAuth } from './dist/client/react.js'
    const identity = { public: 'b', sign: () => new Uint8Array(64) }
    const Login = () => JSON.stringify(useUserAuth(identity))
    process.stdout.write(renderToString(createElement(Login)))`
  const args = ['--input-type=module', '-e', script]
  expect((await run(process.execPath, args, { cwd: ROOT })).stdout).toBe('{}')
})

/** A script that answers nothing, and tells when it has been asked. */
function keepsSilent(): { asked: Promise<void>; script: Script } {
  let tell = () => {}
  const asked = new Promise<void>((resolve) => {
    tell = resolve
  })
  const script: Script = async (visit) => {
    await visit.next()
    tell()
  }
  return { asked, script }
}

function pubkeysIn({ received }: ScriptedServer): string[] {
  return received.map((text) => JSON.parse(text).pubkey).filter((pubkey) => pubkey !== undefined)
}
