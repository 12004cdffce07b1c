import { find } from './dom.js'
import { SettingsError } from './errors.js'

/** How long the login server may take to tell its settings, in ms. */
const SETTINGS_TIMEOUT_MS = 10_000

/** What the login server tells its page. */
export interface Settings {
  /** The Hub's gRPC-web endpoint. */
  readonly hubUrl: string
  /** Whether the Hub's calls can be watched: the built-in Hub's can. */
  readonly tellsCalls: boolean
}

/** The answer of the login server, or the wait for it. */
let settings: Promise<Settings> | undefined

/**
 * What the login server tells its page; the page shows where the Hub is, too. The server is asked
 * once; a failure is not kept, so the next call asks again.
 *
 * @throws SettingsError
 */
export function findSettings(): Promise<Settings> {
  settings ??= loadSettings().catch((error: unknown) => {
    settings = undefined
    throw new SettingsError('the login server has not told where the Hub is', { cause: error })
  })
  return settings
}

async function loadSettings(): Promise<Settings> {
  const response = await fetch('demo.json', { signal: AbortSignal.timeout(SETTINGS_TIMEOUT_MS) })
  if (!response.ok) throw new Error(`HTTP status ${response.status}`)
  const loaded: Settings = await response.json()
  find('hub-url', HTMLElement).textContent = loaded.hubUrl
  return loaded
}
