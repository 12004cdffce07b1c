import { Status } from '../grpc/status.js'
import type { ApiKey } from '../keys/api-signature.js'
import type { Log } from '../log.js'
import { KEY_UNKNOWN, type KeyKind } from './key-check.js'

/**
 * How long an answer of the Hub's on the key stands, in ms. It is asked no more often, and a key
 * that it doesn't know is asked for twice, this far apart: a hubd whose own store is away says for
 * a while that it knows no key.
 */
const CHECK_INTERVAL_MS = 5_000

/** What is logged when the Hub takes the key after all. */
const CONFIRMED = 'the Hub has confirmed the key: logins are served from now on'

/** Whether users can be logged in at the Hub, and if not, why. */
export type HubReadiness = 'ready' | 'hub_unavailable' | 'key_unchecked' | 'key_refused'

/** What is known of the server's key: nothing yet, or that the Hub takes it, or refuses it. */
export type KeyState = 'unchecked' | 'confirmed' | 'refused'

/** What a key is watched with. */
export interface KeyWatch {
  /** Asks the Hub which kind of key it is; must have a deadline, and not reject. */
  check(apiKey: ApiKey): Promise<KeyKind>
  readonly log: Log
}

/**
 * The server's own key at the Hub, and what the Hub says of it. While it is unchecked or refused,
 * or the Hub has just said that it doesn't know it, the Hub is asked again every five seconds.
 */
export class ServerKey {
  readonly #watch: KeyWatch | undefined
  #apiKey: ApiKey
  #state: KeyState
  #lastCheck: Promise<KeyKind> | undefined
  #checkedAt = Number.NEGATIVE_INFINITY
  /** How often in a row the Hub has said that it doesn't know the key. */
  #unknownAnswers = 0
  /** What was last logged of the key; empty where all is well. */
  #reported = ''
  #timer: NodeJS.Timeout | undefined
  #isClosed = false
  #onSettled: (() => void) | undefined

  /**
   * @param apiKey - the key, until another takes its place
   * @param watch - has the key checked; it counts as confirmed where this is missing
   */
  constructor(apiKey: ApiKey, watch?: KeyWatch) {
    this.#apiKey = apiKey
    this.#watch = watch
    this.#state = watch ? 'unchecked' : 'confirmed'
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
    if (this.#state === 'confirmed') {
      const isDue = performance.now() - this.#checkedAt > CHECK_INTERVAL_MS
      const kind = await (isDue ? this.check() : this.#lastCheck)
      if (kind?.action === 'retry') return 'hub_unavailable'
    }
    return READINESS[this.#state]
  }

  /**
   * Checks the key once.
   *
   * @returns what kind of key it is; `undefined` where it isn't checked, or was replaced meanwhile
   */
  async check(): Promise<KeyKind | undefined> {
    if (!this.#watch) return undefined
    const checked = this.#apiKey
    this.#checkedAt = performance.now()
    this.#lastCheck = this.#watch.check(checked)
    const kind = await this.#lastCheck
    if (checked !== this.#apiKey) return undefined
    this.#judge(kind)
    return kind
  }

  /**
   * Waits until the key is no longer unchecked, or `close` is called.
   *
   * @returns what kind of key it is; `undefined` where it isn't checked
   */
  async whenChecked(): Promise<KeyKind | undefined> {
    if (this.#state === 'unchecked' && !this.#isClosed) {
      await new Promise<void>((resolve) => {
        this.#onSettled = resolve
      })
    }
    return this.#lastCheck
  }

  /**
   * Told that the Hub has refused a call: checks the key at once, if that was its key.
   *
   * @param code - the gRPC status of the refusal
   * @returns whether the refusal is certain
   */
  reportRefusal(apiKey: ApiKey, code: number): boolean {
    if (!this.#watch) return true
    if (apiKey === this.#apiKey) this.#recheck()
    return code !== Status.NotFound || this.#state === 'refused'
  }

  /**
   * Checks another key once, which takes the place of the one in use if the server can run with it.
   *
   * @returns what kind of key it is; `undefined` where keys aren't checked
   */
  async replace(apiKey: ApiKey): Promise<KeyKind | undefined> {
    const kind = await this.#watch?.check(apiKey)
    if (kind && !isUsable(kind)) return kind
    if (this.#state !== 'confirmed') this.#watch?.log.info(CONFIRMED)
    this.#apiKey = apiKey
    this.#checkedAt = performance.now()
    this.#lastCheck = undefined
    this.#reported = kind?.text ?? ''
    this.#confirm()
    return kind
  }

  /** Ends the checking. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#onSettled?.()
  }

  /** Takes note of what the Hub says of the key. */
  #judge(kind: KeyKind): void {
    const before = this.#state
    if (isUsable(kind)) {
      this.#confirm()
    } else if (kind === KEY_UNKNOWN) {
      this.#unknownAnswers += 1
      if (this.#unknownAnswers > 1) this.#state = 'refused'
    } else if (kind.action === 'refuse') {
      this.#state = 'refused'
    }
    this.#report(kind, before)
    if (this.#state === 'refused') this.#onSettled?.()
    if (!this.#isSure) this.#recheck()
  }

  #confirm(): void {
    this.#state = 'confirmed'
    this.#unknownAnswers = 0
    this.#onSettled?.()
  }

  /** Whether there is nothing to find out about the key. */
  get #isSure(): boolean {
    return this.#state === 'confirmed' && this.#unknownAnswers === 0
  }

  /** Checks as soon as the last check is old enough, and so on until nothing is left to find out. */
  #recheck(): void {
    if (this.#timer || this.#isClosed) return
    const due = this.#checkedAt + CHECK_INTERVAL_MS - performance.now()
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined
        const isDue = performance.now() - this.#checkedAt >= CHECK_INTERVAL_MS
        if (isDue) this.check().catch((err: unknown) => this.#watch?.log.error({ err }))
        else this.#recheck()
      },
      Math.max(0, Math.ceil(due)),
    )
  }

  /** Logs what has changed. That a key is refused at the start is for the caller to say. */
  #report({ action, text }: KeyKind, before: KeyState): void {
    // A Hub that is away shows in the logins, and says nothing of the key.
    if (action === 'retry' && before !== 'unchecked') return
    const isNews = text !== this.#reported
    const isFirstConfirmation = before === 'unchecked' && this.#reported === ''
    this.#reported = text
    if (this.#state === 'refused') {
      if (before === 'confirmed')
        this.#watch?.log.error(`${text}; logins are answered with hub_rejected`)
      return
    }
    const isAskedAgain = action === 'refuse'
    if (isNews && action !== 'run') {
      this.#watch?.log.warn(isAskedAgain ? `${text}; the Hub is asked again` : text)
    } else if (isNews && !isFirstConfirmation) {
      this.#watch?.log.info(CONFIRMED)
    }
  }
}

const READINESS = {
  unchecked: 'key_unchecked',
  confirmed: 'ready',
  refused: 'key_refused',
} as const satisfies Record<KeyState, HubReadiness>

function isUsable({ action }: KeyKind): boolean {
  return action === 'run' || action === 'warn'
}
