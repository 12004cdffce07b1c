import type { ApiKey } from '../keys/api-signature.js'
import { type KeyKind, UNREACHABLE } from './key-check.js'

/** How long an answer of the Hub's stands for those who ask next, in ms. */
const KEEP_MS = 5_000

/** Whether users can be logged in at the Hub, and if not, why. */
export type HubReadiness = 'ready' | 'key_unchecked' | 'hub_unavailable'

/** What is known of the server's key: nothing yet, that the Hub takes it, or that it refuses it. */
export type KeyState = 'unchecked' | 'confirmed' | 'refused'

/** The server's own key at the Hub, and what the Hub says of it. */
export class ServerKey {
  readonly #check: ((apiKey: ApiKey) => Promise<KeyKind>) | undefined
  #apiKey: ApiKey
  #state: KeyState
  /** The last answer to whether the Hub is there, on its way or arrived. */
  #isHubThere: Promise<boolean> | undefined
  #askedAt = Number.NEGATIVE_INFINITY

  /**
   * @param apiKey - the key, until another takes its place
   * @param check - asks the Hub which kind of key it is; must have a deadline, and not reject.
   *   A key counts as confirmed where this is missing.
   */
  constructor(apiKey: ApiKey, check?: (apiKey: ApiKey) => Promise<KeyKind>) {
    this.#apiKey = apiKey
    this.#check = check
    this.#state = check ? 'unchecked' : 'confirmed'
  }

  /** The key for logins that start now. */
  get apiKey(): ApiKey {
    return this.#apiKey
  }

  /** Whether logins may start with it. */
  get state(): KeyState {
    return this.#state
  }

  /** Whether users can be logged in. The Hub is asked once in five seconds at the most. */
  async findReadiness(): Promise<HubReadiness> {
    if (this.#state === 'unchecked') return 'key_unchecked'
    if (!this.#check) return 'ready'
    const now = performance.now()
    if (!this.#isHubThere || now - this.#askedAt > KEEP_MS) {
      this.#askedAt = now
      this.#isHubThere = this.#check(this.#apiKey).then((kind) => kind !== UNREACHABLE)
    }
    return (await this.#isHubThere) ? 'ready' : 'hub_unavailable'
  }

  /**
   * Checks the key once. It is confirmed from then on if the server can run with it.
   *
   * @returns what kind of key it is; `undefined` where another key has taken its place meanwhile
   */
  async check(): Promise<KeyKind | undefined> {
    const checked = this.#apiKey
    const kind = await this.#check?.(checked)
    if (checked !== this.#apiKey || !kind) return undefined
    if (isUsable(kind)) this.#state = 'confirmed'
    return kind
  }

  /**
   * Checks another key once, which takes the place of the one in use if the server can run with it.
   *
   * @returns what kind of key it is; `undefined` where keys aren't checked
   */
  async replace(apiKey: ApiKey): Promise<KeyKind | undefined> {
    const kind = await this.#check?.(apiKey)
    if (kind && !isUsable(kind)) return kind
    this.#apiKey = apiKey
    this.#state = 'confirmed'
    return kind
  }
}

function isUsable({ action }: KeyKind): boolean {
  return action === 'run' || action === 'warn'
}
