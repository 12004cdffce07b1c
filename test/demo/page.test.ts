import { readFile } from 'node:fs/promises'
import { AxeBuilder } from '@axe-core/playwright'
import { PrivateKey } from '@textile/hub'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { LoginServer } from '../../src/http/server.js'
import { findChromium, launchBrowser } from '../support/browser.js'
import type { Script } from '../support/faulty-hub.js'
import { startWithDevHub, startWithFaultyHub } from '../support/login-server.js'

const executablePath = findChromium()
if (!executablePath) {
  process.stderr.write(
    '\n*** The tests in a browser are SKIPPED: no Chromium was found. Install one (on Debian: ' +
      'apt-get install chromium), or name one with CHROME_PATH. ***\n\n',
  )
}

/** How long a test waits for what the page must do, in ms. */
const PATIENCE_MS = 10_000

/** A page of the demo, and what it did. */
interface Visit {
  readonly page: Page
  /** What the browser complained of. */
  readonly complaints: string[]
  /** Sockets to the login server that were opened, and those that were closed. */
  readonly sockets: { opened: number; closed: number }
}

// CI must not skip: there the browser's absence is a failure.
describe.skipIf(!executablePath && !process.env.CI)('the demo page, in a browser,', () => {
  let browser: Browser

  beforeAll(async () => {
    browser = await launchBrowser(executablePath ?? '')
  })

  afterAll(() => browser.close())

  /** Opens the page of a server in a browser profile of its own. */
  async function visit(server: LoginServer, options = {}): Promise<Visit> {
    const context = await browser.newContext(options)
    onTestFinished(() => context.close())
    context.setDefaultTimeout(PATIENCE_MS)
    const page = await context.newPage()
    const complaints: string[] = []
    const sockets = { opened: 0, closed: 0 }
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('console', (line) => {
      if (line.type() === 'error' || line.type() === 'warning') complaints.push(line.text())
    })
    page.on('websocket', (socket) => {
      if (!socket.url().endsWith('/ws/userauth')) return
      sockets.opened += 1
      socket.on('close', () => {
        sockets.closed += 1
      })
    })
    await page.goto(pageOf(server))
    await page.locator('#public-key:not(:empty)').waitFor()
    return { page, complaints, sockets }
  }

  /** Visits with the dev Hub behind the server. */
  async function visitWithDevHub(settings = {}) {
    const setup = await startWithDevHub({ ...settings, withDemo: true })
    return { ...setup, ...(await visit(setup.server)) }
  }

  async function logIn(page: Page): Promise<void> {
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('button', { name: 'List threads' }).waitFor()
    await page.getByText('none yet').waitFor()
  }

  it('logs in, shows the handshake, lists threads and creates one', async () => {
    const { page, complaints, sockets } = await visitWithDevHub()
    await page.setViewportSize({ width: 720, height: 900 })
    await logIn(page)
    expect(await page.locator('#timeline .who').allTextContents()).toEqual([
      'App',
      'Server',
      'App → Server',
      'Server → App',
      'App → Server',
      'Server → App',
    ])
    await page.getByLabel('Name of a new thread').fill('my-first-thread')
    await page.getByRole('button', { name: 'Create thread' }).click()
    await page
      .getByRole('listitem')
      .filter({ hasText: /^my-first-thread$/ })
      .waitFor()
    expect(sockets).toEqual({ opened: 1, closed: 1 })
    expect(complaints).toEqual([])

    // The README's picture; `npm run screenshot` takes it anew.
    const path = process.env.SCREENSHOT
    if (path) await page.screenshot({ path, fullPage: true })
  })

  it('loses no click made before the server has told where the Hub is', async () => {
    const { page } = await visitWithDevHub()
    const release = await hold(page, '**/demo.json')
    await page.reload()
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByText('the Hub has verified the signature').waitFor()
    release()
    await page.getByText('none yet').waitFor()
    expect(await page.getByRole('alert').textContent()).toBe('')
  })

  it('offers no button before its script has come', async () => {
    const { page } = await visitWithDevHub()
    const release = await hold(page, '**/main.js')
    await page.reload({ waitUntil: 'commit' })
    await page.getByRole('heading', { name: 'Your identity' }).waitFor()
    const before = await page
      .locator('button')
      .evaluateAll((all) => all.map((b) => b.matches(':disabled')))
    expect(before).toEqual(Array.from({ length: 7 }, () => true))
    release()
    await logIn(page)
    expect(await page.locator('button:disabled').count()).toBe(0)
  })

  it('says so when the server does not tell where the Hub is, and asks again', async () => {
    const { page } = await visitWithDevHub()
    await page.route('**/demo.json', (route) => route.fulfill({ status: 503 }))
    await page.reload()
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('alert').filter({ hasText: 'login server is down' }).waitFor()
    await page.unroute('**/demo.json')
    await page.getByRole('button', { name: 'List threads' }).click()
    await page.getByText('none yet').waitFor()
    expect(await page.getByRole('alert').textContent()).toBe('')
  })

  it('masks secrets until they are revealed', async () => {
    const { page, apiKey } = await visitWithDevHub()
    await logIn(page)
    const key = page.locator('#fields dd code').first()
    expect(await key.textContent()).toBe(`${apiKey.key.slice(0, 6)}…`)
    await page.getByRole('button', { name: 'Reveal key' }).click()
    expect(await key.textContent()).toBe(apiKey.key)
    await page.getByRole('button', { name: 'Reveal key' }).click()
    expect(await key.textContent()).toBe(`${apiKey.key.slice(0, 6)}…`)
  })

  it('keeps the identity over a reload, until a new one is asked for', async () => {
    const { page } = await visitWithDevHub()
    const name = page.locator('#public-key')
    const first = await name.textContent()
    await page.reload()
    await page.locator('#public-key:not(:empty)').waitFor()
    expect(await name.textContent()).toBe(first)
    await page.getByRole('button', { name: 'New identity' }).click()
    expect(await name.textContent()).not.toBe(first)
  })

  it('exports the private key and imports one', async () => {
    const { page } = await visitWithDevHub()
    const name = page.locator('#public-key')
    const first = (await name.textContent()) ?? ''
    await page.getByText('Take this identity elsewhere').click()
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Export private key' }).click()
    const exported = await readFile(await (await download).path(), 'utf8')
    expect(PrivateKey.fromString(exported).public.toString()).toBe(first)

    const other = PrivateKey.fromRandom()
    const field = page.getByLabel('Private key to import')
    await field.fill('nonsense')
    await page.getByRole('button', { name: 'Import' }).click()
    await page.getByRole('alert').filter({ hasText: 'no private key' }).waitFor()
    await field.fill(other.public.toString())
    await page.getByRole('button', { name: 'Import' }).click()
    expect(await name.textContent()).toBe(first)
    await field.fill(` ${other.toString()}\n`)
    await page.getByRole('button', { name: 'Import' }).click()
    await page.getByText('The identity was imported.').waitFor()
    expect(await name.textContent()).toBe(other.public.toString())
    expect(await page.getByRole('alert').textContent()).toBe('')
    await logIn(page)
  })

  it('makes one login of five calls at once, and renews it when it has expired', async () => {
    const { page, sockets } = await visitWithDevHub({ userAuthTtl: 5 })
    await logIn(page)
    expect(sockets.opened).toBe(1)
    await page.getByText('Expired').waitFor()
    await page.getByRole('button', { name: 'List threads' }).evaluate((button) => {
      for (let call = 0; call < 5; call += 1) button.click()
    })
    await page.getByText('Good for another').waitFor()
    await page.locator('#status:empty').waitFor({ state: 'attached' })
    expect(sockets.opened).toBe(1)
    await page.locator('#session', { hasText: 'Renewed' }).waitFor()
    expect(await page.getByRole('alert').textContent()).toBe('')
  })

  it('says so when the server is down', async () => {
    const { page, server } = await visitWithDevHub()
    await server.close()
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('alert').filter({ hasText: 'login server is down' }).waitFor()
    expect(await page.locator('#timeline').textContent()).toContain('tries again')
  })

  it('says so when the server stops in the middle of a login', async () => {
    let stop = () => {}
    const script: Script = async (call) => {
      await call.receiveKey()
      call.challenge()
      await call.receive()
      stop()
    }
    const limits = { shutdownTimeout: 0.1 }
    const { server } = await startWithFaultyHub(script, { withDemo: true, limits })
    stop = () => void server.close()
    const { page, sockets } = await visit(server)
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('alert').filter({ hasText: 'login server' }).waitFor()
    const steps = await page.locator('#timeline').textContent()
    expect(steps).toContain('sends the signature')
    expect(steps).toContain('(shutting_down)')
    expect(sockets.closed).toBe(sockets.opened)
  })

  it('says so when the Hub has stopped', async () => {
    const { page, hub } = await visitWithDevHub()
    await hub.close()
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('alert').filter({ hasText: 'Hub is down' }).waitFor()
  })

  it('says so when the Hub has stopped after the login', async () => {
    const { page, hub } = await visitWithDevHub()
    await logIn(page)
    await hub.close()
    await page.getByRole('button', { name: 'List threads' }).click()
    await page
      .getByRole('alert')
      .filter({ hasText: /^The Hub at .* is down/ })
      .waitFor()
  })

  it('says so when the Hub takes too long', async () => {
    const { server } = await startWithFaultyHub(async () => {}, { hubTimeout: 0.1, withDemo: true })
    const { page } = await visit(server)
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('alert').filter({ hasText: 'Hub took too long' }).waitFor()
    await page.getByText(/^In the server's log this login is [0-9a-f]{12}\.$/).waitFor()
  })

  it('says so when the signature is wrong', async () => {
    const { page } = await visitWithDevHub()
    await page.routeWebSocket(/userauth$/, (socket) => {
      const server = socket.connectToServer()
      socket.onMessage((message) => {
        const { type, sig } = JSON.parse(String(message))
        const forged = { type, sig: { type: 'Buffer', data: [...(sig?.data ?? [])].reverse() } }
        server.send(sig ? JSON.stringify(forged) : message)
      })
    })
    await page.reload()
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('alert').filter({ hasText: 'refused' }).waitFor()
  })

  it('can be used with the keyboard alone', async () => {
    const { page } = await visitWithDevHub()
    const press = async (name: string): Promise<void> => {
      const isFocused = () =>
        page.getByRole('button', { name }).evaluate((button) => button.matches(':focus'))
      for (let step = 0; step < 20 && !(await isFocused()); step += 1) {
        await page.keyboard.press('Tab')
      }
      expect(await isFocused()).toBe(true)
      await page.keyboard.press('Enter')
    }
    await press('Log in')
    await page.getByText('none yet').waitFor()
    await press('Reveal key')
    await press('List threads')
    await page.keyboard.press('Tab')
    await page.keyboard.type('by-keyboard')
    await page.keyboard.press('Enter')
    await page.getByText('by-keyboard').waitFor()
  })

  it.each([
    { colorScheme: 'light', viewport: { width: 1000, height: 800 } },
    { colorScheme: 'dark', viewport: { width: 360, height: 740 } },
  ])('is accessible in $colorScheme, $viewport.width pixels wide', async (options) => {
    const { server } = await startWithDevHub({ withDemo: true })
    const { page, complaints } = await visit(server, options)
    await page.getByText('Take this identity elsewhere').click()
    await logIn(page)
    await page.getByLabel('Private key to import').fill('nonsense')
    await page.getByRole('button', { name: 'Import' }).click()
    await page.getByRole('alert').filter({ hasText: 'no private key' }).waitFor()
    const { violations } = await new AxeBuilder({ page }).analyze()
    expect(violations.map(({ id, impact, nodes }) => [id, impact, nodes[0]?.html])).toEqual([])
    const width = await page.locator('html').evaluate((html) => html.scrollWidth)
    expect(width).toBeLessThanOrEqual(options.viewport.width)
    expect(complaints).toEqual([])
  })
})

/** Holds up what the page loads from an address, until the function is called that is returned. */
async function hold(page: Page, url: string): Promise<() => void> {
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  await page.route(url, async (route) => {
    await held
    await route.continue()
  })
  return () => release()
}

function pageOf({ url }: LoginServer): string {
  return `${new URL(url).origin.replace(/^ws/, 'http')}/`
}
