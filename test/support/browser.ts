import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { onTestFinished } from 'vitest'
import { PROGRAMS } from './programs.js'

/** Started for tests, and only for them: headless, and quiet towards the network. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/**
 * Starts the browser, with a profile of its own.
 *
 * @throws where no Chromium is installed
 */
export function launchBrowser(): Promise<Browser> {
  if (PROGRAMS.chromium === undefined) throw new Error('no Chromium was found')
  return chromium.launch({ executablePath: PROGRAMS.chromium, args: ARGUMENTS })
}

/** Opens an empty page in a browser of its own, which ends with the test. */
export async function openPage(options?: BrowserContextOptions): Promise<Page> {
  const browser = await launchBrowser()
  onTestFinished(() => browser.close())
  return browser.newPage(options)
}

/** What the browser will complain of on a page: uncaught errors, and what its console is told. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (line) => {
    if (['error', 'warning'].includes(line.type())) complaints.push(line.text())
  })
  return complaints
}
