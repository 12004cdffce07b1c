import type { Browser, Page } from 'playwright-core'
import { onTestFinished } from 'vitest'
import type { LoginServer } from '../../src/http/server.js'
import { complaintsOf } from '../support/browser.js'

/** How long a test waits for what the page must do, in ms. */
const PATIENCE_MS = 10_000

/** A page of the demo, and what it did. */
export interface Visit {
  readonly page: Page
  /** What the browser complained of. */
  readonly complaints: string[]
  /** Sockets to the login server that were opened, and those that were closed. */
  readonly sockets: { opened: number; closed: number }
}

/** Opens the page of a server in a browser profile of its own. */
export async function visit(browser: Browser, server: LoginServer, options = {}): Promise<Visit> {
  const context = await browser.newContext(options)
  onTestFinished(() => context.close())
  context.setDefaultTimeout(PATIENCE_MS)
  const page = await context.newPage()
  const complaints = complaintsOf(page)
  const sockets = { opened: 0, closed: 0 }
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

/** Logs in, and waits for what the Hub tells then. */
export async function logIn(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByText('no database yet').waitFor()
  await page.getByText('no bucket yet').waitFor()
  await page.getByText('no mailbox yet').waitFor()
}

/** The texts of the alerts that show something. */
export async function alertsOf(page: Page): Promise<string[]> {
  const texts = await page.getByRole('alert').allTextContents()
  return texts.filter((text) => text !== '')
}

function pageOf({ url }: LoginServer): string {
  return `${new URL(url).origin.replace(/^ws/, 'http')}/`
}
