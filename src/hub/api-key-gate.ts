import type { ApiKeyFinding } from './api-key-check.js'
import { type ApiKeyVerdict, apiKeyVerdicts } from './api-key-verdict.js'
import { type Hub, KeyUncheckedError, type TokenCall } from './hub.js'
import { HubProbe } from './hub-probe.js'

/** Whether users can be logged in at the Hub, and if not, why. */
export type HubReadiness = 'ready' | 'key_unchecked' | 'hub_unavailable'

/** A Hub that takes no call until the server's key has passed its check. */
export class ApiKeyGate implements Hub {
  readonly #hub: Hub
  readonly #findOut: () => Promise<ApiKeyFinding>
  readonly #probe: HubProbe
  #isOpen = false

  /** @param findOut - asks the Hub which kind of key the server has */
  constructor(hub: Hub, findOut: () => Promise<ApiKeyFinding>) {
    this.#hub = hub
    this.#findOut = findOut
    this.#probe = new HubProbe(async () => (await findOut()) !== 'unreachable')
  }

  /** Tells whether users can be logged in; asking often doesn't ask the Hub often. */
  async findReadiness(): Promise<HubReadiness> {
    if (!this.#isOpen) return 'key_unchecked'
    return (await this.#probe.isThere()) ? 'ready' : 'hub_unavailable'
  }

  /** Checks the key once, and lets calls through from then on if it may be used. */
  async check(): Promise<ApiKeyVerdict> {
    const verdict = apiKeyVerdicts[await this.#findOut()]
    if (verdict.outcome === 'pass' || verdict.outcome === 'warn') this.#isOpen = true
    return verdict
  }

  requestToken(pubkey: string): TokenCall {
    return this.#isOpen ? this.#hub.requestToken(pubkey) : refuseCall()
  }
}

function refuseCall(): TokenCall {
  const failed = Promise.reject<never>(new KeyUncheckedError())
  failed.catch(() => {})
  return { challenge: failed, failed, answer: () => failed, release: () => {} }
}
