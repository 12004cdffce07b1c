import { readFile } from 'node:fs/promises'
import { AxeBuilder } from '@axe-core/playwright'
import { PrivateKey } from '@textile/hub'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser } from '../support/browser.js'
import type { Script } from '../support/faulty-hub.js'
import { startWithDevHub, startWithFaultyHub } from '../support/login-server.js'
import { PROGRAMS } from '../support/programs.js'
import { upToSignature } from '../support/token-calls.js'
import { alertsOf, logIn, visit } from './visit.js'

describe.skipIf(!PROGRAMS.chromium)('the demo page, in a browser,', () => {
  let browser: Browser

  beforeAll(async () => {
    browser = await launchBrowser()
  })

  afterAll(() => browser.close())

  /** Visits with the dev Hub behind the server. */
  async function visitWithDevHub(settings = {}) {
    const setup = await startWithDevHub({ ...settings, withDemo: true })
    return { ...setup, ...(await visit(browser, setup.server)) }
  }

  it('logs in, shows the handshake, lists databases and creates one', async () => {
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
    await page.getByLabel('Name of a new database').fill('notes')
    await page.getByRole('button', { name: 'Create database' }).click()
    await page.getByRole('button', { name: 'notes', exact: true }).waitFor()
    expect(sockets).toEqual({ opened: 1, closed: 1 })
    expect(complaints).toEqual([])
  })

  it('loses no click made before the server has told where the Hub is', async () => {
    const { page } = await visitWithDevHub()
    const release = await hold(page, '**/demo.json')
    await page.reload()
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByText('the Hub has verified the signature').waitFor()
    release()
    await page.getByText('no database yet').waitFor()
    expect(await alertsOf(page)).toEqual([])
  })

  it('offers no button before its script has come', async () => {
    const { page } = await visitWithDevHub()
    const release = await hold(page, '**/main.js')
    await page.reload({ waitUntil: 'commit' })
    await page.getByRole('heading', { name: 'Your identity' }).waitFor()
    const before = await page
      .locator('button')
      .evaluateAll((all) => all.map((b) => b.matches(':disabled')))
    expect(new Set(before)).toEqual(new Set([true]))
    release()
    await logIn(page)
    expect(await page.locator('button:disabled').count()).toBe(0)
  })

  it('says so when the server does not tell where the Hub is, and asks again', async () => {
    const { page } = await visitWithDevHub()
    await page.route('**/demo.json', (route) => route.fulfill({ status: 503 }))
    await page.reload()
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('alert').filter({ hasText: 'login server is down' }).first().waitFor()
    await page.unroute('**/demo.json')
    for (const name of ['List databases', 'List buckets', 'List messages']) {
      await page.getByRole('button', { name }).click()
    }
    await page.getByText('no database yet').waitFor()
    await page.getByText('no bucket yet').waitFor()
    await page.getByText('no mailbox yet').waitFor()
    expect(await alertsOf(page)).toEqual([])
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
    expect(await alertsOf(page)).toEqual([])
    await logIn(page)
  })

  it('makes one login of five calls at once, and renews it when it has expired', async () => {
    const { page, sockets } = await visitWithDevHub({ userAuthTtl: 5 })
    await logIn(page)
    expect(sockets.opened).toBe(1)
    await page.getByText('Expired').waitFor()
    await page.getByRole('button', { name: 'List databases' }).evaluate((button) => {
      for (let call = 0; call < 5; call += 1) button.click()
    })
    await page.getByText('Good for another').waitFor()
    await page.locator('#list-databases + [role=status]:empty').waitFor({ state: 'attached' })
    // A session is renewed without a socket.
    expect(sockets.opened).toBe(1)
    expect(await alertsOf(page)).toEqual([])
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
      await upToSignature(call)
      stop()
    }
    const limits = { shutdownTimeout: 0.1 }
    const { server } = await startWithFaultyHub(script, { withDemo: true, limits })
    stop = () => void server.close()
    const { page, sockets } = await visit(browser, server)
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
    await page.getByRole('button', { name: 'List databases' }).click()
    await page
      .getByRole('alert')
      .filter({ hasText: /^The Hub at .* is down/ })
      .waitFor()
  })

  it('says so when the Hub takes too long', async () => {
    const { server } = await startWithFaultyHub(async () => {}, { hubTimeout: 0.1, withDemo: true })
    const { page } = await visit(browser, server)
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
    await page.getByText('no database yet').waitFor()
    await press('Reveal key')
    await press('List databases')
    await page.keyboard.press('Tab')
    await page.keyboard.type('by-keyboard')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'by-keyboard', exact: true }).waitFor()
  })

  it.each([
    { colorScheme: 'light', viewport: { width: 1000, height: 800 } },
    { colorScheme: 'dark', viewport: { width: 360, height: 740 } },
  ])('is accessible in $colorScheme, $viewport.width pixels wide', async (options) => {
    const { server } = await startWithDevHub({ withDemo: true })
    const { page, complaints } = await visit(browser, server, options)
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
