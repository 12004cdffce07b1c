import { find } from './dom.js'
import { SettingsError } from './problem.js'

/** How long the login server may take to tell where the Hub is, in ms. */
const SETTINGS_TIMEOUT_MS = 10_000

/** The answer of the login server, or the wait for it. */
let hubUrl: Promise<string> | undefined

/**
 * Where the Hub is for browsers, as the login server tells its page; the page shows it too. The
 * server is asked once; a failure is not kept, so the next call asks again.
 *
 * @throws SettingsError
 */
export function findHubUrl(): Promise<string> {
  hubUrl ??= loadHubUrl().catch((error: unknown) => {
    hubUrl = undefined
    throw new SettingsError('the login server has not told where the Hub is', { cause: error })
  })
  return hubUrl
}

async function loadHubUrl(): Promise<string> {
  const response = await fetch('demo.json', { signal: AbortSignal.timeout(SETTINGS_TIMEOUT_MS) })
  if (!response.ok) throw new Error(`HTTP status ${response.status}`)
  const { hubUrl }: { hubUrl: string } = await response.json()
  find('hub-url', HTMLElement).textContent = hubUrl
  return hubUrl
}
