import type { UserAuth } from '../../client/browser.js'
import { maskSecret, secondsLeft } from '../describe-login.js'
import { make } from './dom.js'

/** The fields of a UserAuth in the order of their use; all but `msg` are secrets. */
const FIELDS = ['key', 'sig', 'msg', 'token'] as const

/** Shows a UserAuth, its secrets masked until they are revealed, and how long it is good. */
export class UserAuthView {
  readonly #fields: HTMLElement
  readonly #life: HTMLElement
  #ticking: ReturnType<typeof setInterval> | undefined

  constructor(fields: HTMLElement, life: HTMLElement) {
    this.#fields = fields
    this.#life = life
  }

  show(userAuth: UserAuth): void {
    this.#fields.replaceChildren(...FIELDS.map((name) => row(name, userAuth[name])))
    clearInterval(this.#ticking)
    this.#ticking = setInterval(() => this.#tick(userAuth), 1_000)
    this.#tick(userAuth)
  }

  #tick({ msg }: UserAuth): void {
    const left = secondsLeft(msg, Date.now())
    this.#life.textContent =
      left > 0
        ? `Good for another ${left} s; the next call after that renews it by itself.`
        : 'Expired: the next call renews it by itself.'
    if (left <= 0) clearInterval(this.#ticking)
  }
}

function row(name: string, value: string): HTMLElement {
  const element = document.createElement('div')
  const text = make('code', '', value)
  const definition = document.createElement('dd')
  definition.append(text)
  if (name !== 'msg') definition.append(revealButton(name, value, text))
  element.append(make('dt', '', name), definition)
  return element
}

function revealButton(name: string, value: string, text: HTMLElement): HTMLElement {
  const masked = maskSecret(value)
  const button = make('button', '', 'Reveal')
  button.setAttribute('type', 'button')
  button.setAttribute('aria-label', `Reveal ${name}`)
  button.setAttribute('aria-pressed', 'false')
  text.textContent = masked
  button.addEventListener('click', () => {
    const isRevealed = button.getAttribute('aria-pressed') === 'true'
    button.setAttribute('aria-pressed', String(!isRevealed))
    text.textContent = isRevealed ? masked : value
  })
  return button
}
