import type { ApiKey } from './api-key.js'
import { type ApiKeyVerdict, apiKeyVerdicts } from './api-key-verdict.js'
import { type Hub, KeyUncheckedError, type TokenCall } from './hub.js'
import { HubProbe } from './hub-probe.js'
import type { ApiKeyFinding } from './key-check.js'

/** Whether users can be logged in at the Hub, and if not, why. */
export type HubReadiness = 'ready' | 'key_unchecked' | 'hub_unavailable'

/** A Hub that takes no call until the server's key has passed its check; and keeps that key. */
export class ApiKeyGate implements Hub {
  readonly #hub: Hub
  readonly #findOut: (apiKey: ApiKey) => Promise<ApiKeyFinding>
  readonly #probe: HubProbe
  #apiKey: ApiKey
  #isOpen = false

  /**
   * @param apiKey - the server's key, until another takes its place
   * @param findOut - asks the Hub which kind a key is of
   */
  constructor(hub: Hub, apiKey: ApiKey, findOut: (apiKey: ApiKey) => Promise<ApiKeyFinding>) {
    this.#hub = hub
    this.#apiKey = apiKey
    this.#findOut = findOut
    this.#probe = new HubProbe(async () => (await findOut(this.#apiKey)) !== 'unreachable')
  }

  /** The key for logins that start now. */
  get apiKey(): ApiKey {
    return this.#apiKey
  }

  /** Tells whether users can be logged in; asking often doesn't ask the Hub often. */
  async findReadiness(): Promise<HubReadiness> {
    if (!this.#isOpen) return 'key_unchecked'
    return (await this.#probe.isThere()) ? 'ready' : 'hub_unavailable'
  }

  /** Checks the key once, and lets calls through from then on if it may be used. */
  async check(): Promise<ApiKeyVerdict> {
    const checked = this.#apiKey
    const verdict = apiKeyVerdicts[await this.#findOut(checked)]
    // What the Hub says of a key that was replaced meanwhile has no weight any more.
    if (checked !== this.#apiKey) return apiKeyVerdicts.secured
    if (mayBeUsed(verdict)) this.#isOpen = true
    return verdict
  }

  /** Checks another key once, and has it take the place of the one in use if it may be used. */
  async replaceKey(apiKey: ApiKey): Promise<ApiKeyVerdict> {
    const verdict = apiKeyVerdicts[await this.#findOut(apiKey)]
    if (mayBeUsed(verdict)) {
      this.#apiKey = apiKey
      this.#isOpen = true
    }
    return verdict
  }

  requestToken(pubkey: string, apiKey: ApiKey): TokenCall {
    return this.#isOpen ? this.#hub.requestToken(pubkey, apiKey) : refuseCall()
  }
}

function mayBeUsed({ outcome }: ApiKeyVerdict): boolean {
  return outcome === 'pass' || outcome === 'warn'
}

function refuseCall(): TokenCall {
  const failed = Promise.reject<never>(new KeyUncheckedError())
  failed.catch(() => {})
  return { challenge: failed, failed, answer: () => failed, release: () => {} }
}
