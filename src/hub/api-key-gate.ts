import type { ApiKeyFinding } from './api-key-check.js'
import { type ApiKeyVerdict, apiKeyVerdicts } from './api-key-verdict.js'
import { type Hub, HubError, type TokenCall } from './hub.js'

/** A Hub that takes no call until the server's key has passed its check. */
export class ApiKeyGate implements Hub {
  readonly #hub: Hub
  readonly #findOut: () => Promise<ApiKeyFinding>
  #isOpen = false

  /** @param findOut - asks the Hub which kind of key the server has */
  constructor(hub: Hub, findOut: () => Promise<ApiKeyFinding>) {
    this.#hub = hub
    this.#findOut = findOut
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
  const failed = Promise.reject<never>(new HubError("the server's key is not checked yet"))
  failed.catch(() => {})
  return { challenge: failed, failed, answer: () => failed, release: () => {} }
}
