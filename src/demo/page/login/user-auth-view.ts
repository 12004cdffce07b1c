import type { UserAuth } from '../../../client/browser.js'
import { maskSecret, secondsLeft } from '../../describe-login.js'
import { makeCopyButton } from '../copy-button.js'
import { make, makeButton } from '../dom.js'

/** The fields of a UserAuth in the order of their use; all but `msg` are secrets. */
const FIELDS = ['key', 'sig', 'msg', 'token'] as const

/** Shows a UserAuth, its secrets masked until they are revealed, and how long it is good. */
export class UserAuthView {
  readonly #fields: HTMLElement
  readonly #life: HTMLElement
  #shown: UserAuth | undefined
  #ticking: ReturnType<typeof setInterval> | undefined

  constructor(fields: HTMLElement, life: HTMLElement) {
    this.#fields = fields
    this.#life = life
  }

  /** Shows a UserAuth, unless it is the one that is shown. */
  show(userAuth: UserAuth): void {
    if (userAuth.sig === this.#shown?.sig && userAuth.token === this.#shown.token) return
    this.#shown = userAuth
    this.#fields.replaceChildren(...FIELDS.map((name) => row(name, userAuth[name])))
    clearInterval(this.#ticking)
    this.#ticking = setInterval(() => this.#tick(userAuth), 1_000)
    this.#tick(userAuth)
  }

  /** Forgets it. */
  clear(): void {
    clearInterval(this.#ticking)
    this.#shown = undefined
    this.#fields.replaceChildren()
    this.#life.textContent = ''
  }

  #tick({ msg }: UserAuth): void {
    const left = secondsLeft(msg, Date.now())
    this.#life.textContent =
      left > 0
        ? `Good for another ${left} s; the next call after that logs in again by itself.`
        : 'Expired: the next call logs in again by itself.'
    if (left <= 0) clearInterval(this.#ticking)
  }
}

function row(name: string, value: string): HTMLElement {
  const element = document.createElement('div')
  const text = make('code', '', value)
  const definition = document.createElement('dd')
  const buttons = make('span', 'buttons', '')
  if (name !== 'msg') buttons.append(revealButton(name, value, text))
  buttons.append(makeCopyButton(name, () => value))
  definition.append(text, buttons)
  element.append(make('dt', '', name), definition)
  return element
}

function revealButton(name: string, value: string, text: HTMLElement): HTMLElement {
  const masked = maskSecret(value)
  const button = makeButton('Reveal', name, () => {
    const isRevealed = button.getAttribute('aria-pressed') === 'true'
    button.setAttribute('aria-pressed', String(!isRevealed))
    text.textContent = isRevealed ? masked : value
  })
  button.setAttribute('aria-pressed', 'false')
  text.textContent = masked
  return button
}
