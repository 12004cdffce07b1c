import type { UserAuth } from '../protocol.js'
import { loginWithChallenge } from './browser.js'
import { clientError, LoginError } from './login-error.js'
import type { Identity, LoginOptions, LoginStep } from './types.js'

/** How a component logs in: all options but `signal`, which unmounting and `logOut` stand for. */
export type SessionOptions = Omit<LoginOptions, 'signal'>

/** What a component shows of a session. A new object with each change. */
export interface SessionView {
  /** What the last login brought; `undefined` before the first, and once the user is `denied`. */
  readonly userAuth: UserAuth | undefined
  /** The last step of the last login, or of the one that runs. */
  readonly step: LoginStep | undefined
  /** Why the last login failed, until the next one begins. */
  readonly error: Error | undefined
}

const NOTHING: SessionView = { userAuth: undefined, step: undefined, error: undefined }

/** The logins of one identity with one set of options, as a store of React's. */
export class LoginSession {
  readonly #pubkey: string | undefined
  readonly #options: SessionOptions
  /** Whoever signs now: another object of the same public key may have taken over. */
  #identity: Identity | undefined
  #onStep: SessionOptions['onStep']
  #view = NOTHING
  #listener: (() => void) | undefined
  #current: { readonly logIn: () => Promise<UserAuth>; readonly abort: () => void } | undefined
  #pending = 0
  #isOver = false

  constructor(identity: Identity | undefined, options: SessionOptions) {
    this.#pubkey = identity?.public.toString()
    this.#identity = identity
    this.#options = options
    this.#onStep = options.onStep
  }

  /** Whether this is the session of that user with those options, whatever objects they are in. */
  isOf(identity: Identity | undefined, options: SessionOptions): boolean {
    return this.#pubkey === identity?.public.toString() && haveSameValues(this.#options, options)
  }

  /** Takes over the objects of the last rendering, of the same user and options. */
  update(identity: Identity | undefined, { onStep }: SessionOptions): void {
    this.#identity = identity
    this.#onStep = onStep
  }

  /**
   * Logs in where needed. What it rejects with is shown, too, so it may be left unawaited.
   *
   * @throws LoginError; TypeError or RangeError where identity or options are wrong
   */
  readonly logIn = (): Promise<UserAuth> => {
    const login = this.#logIn()
    login.catch(() => {})
    return login
  }

  /**
   * Ends the session for good: a login that runs is aborted, and so is each later call of `logIn`.
   *
   * @returns the session that follows it: of the same user, who is not logged in
   */
  end(): LoginSession {
    this.#isOver = true
    this.#abort()
    return new LoginSession(this.#identity, { ...this.#options, onStep: this.#onStep })
  }

  /**
   * Shows changes to a component while it is mounted. A login that runs when the component goes
   * is aborted. One that is asked for later is not: the SDK's clients may outlive the component.
   */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listener = listener
    return () => {
      this.#listener = undefined
      if (this.#pending === 0) return
      const running = this.#current
      // StrictMode unmounts each component once, to mount it again at once.
      setTimeout(() => {
        if (!this.#listener && this.#current === running) this.#abort()
      })
    }
  }

  readonly getView = (): SessionView => this.#view

  async #logIn(): Promise<UserAuth> {
    if (this.#isOver) throw clientError('aborted')
    this.#pending++
    try {
      this.#current ??= this.#create()
      const userAuth = await this.#current.logIn()
      if (userAuth !== this.#view.userAuth) this.#show({ userAuth })
      return userAuth
    } catch (error) {
      this.#show({
        error: error instanceof Error ? error : new Error('The login failed', { cause: error }),
        ...(error instanceof LoginError && error.code === 'denied' && { userAuth: undefined }),
      })
      throw error
    } finally {
      this.#pending--
    }
  }

  #create() {
    if (!this.#identity) throw new TypeError('useUserAuth has been given no identity yet')
    const controller = new AbortController()
    const identity: Identity = {
      public: this.#identity.public,
      sign: (bytes) => {
        if (!this.#identity) throw new TypeError('useUserAuth has been given no identity any more')
        return this.#identity.sign(bytes)
      },
    }
    const logIn = loginWithChallenge(identity, {
      ...this.#options,
      signal: controller.signal,
      onStep: (step) => {
        this.#show({ step, ...(step.step === 'connecting' && { error: undefined }) })
        this.#onStep?.(step)
      },
    })
    return { logIn, abort: () => controller.abort() }
  }

  #abort(): void {
    this.#current?.abort()
    this.#current = undefined
  }

  #show(change: Partial<SessionView>): void {
    this.#view = { ...this.#view, ...change }
    this.#listener?.()
  }
}

/** `onStep` doesn't count: the last one given is called, so it may be a new function each time. */
function haveSameValues(some: SessionOptions, others: SessionOptions): boolean {
  const { onStep: _, ...before } = some
  const { onStep: __, ...after } = others
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  const [one, other] = [new Map(Object.entries(before)), new Map(Object.entries(after))]
  return [...names].every((name) => Object.is(one.get(name), other.get(name)))
}
