import { type Browser, chromium } from 'playwright-core'
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
