import { make } from './dom.js'
import { explainProblem, isNoProblem, type ProblemText } from './problem.js'

/**
 * What becomes of something that a person has asked for: that it runs, how it went, what went
 * wrong. It stands right behind the button or the form that was used, wherever that is.
 */
export class Outcome {
  /** Both stay in the page while empty, so that screen readers announce what comes. */
  readonly #status = make('p', 'status', '')
  readonly #problem = make('div', 'problem', '')

  /** @param control - what it stands behind */
  constructor(control: Element) {
    this.#status.setAttribute('role', 'status')
    this.#problem.setAttribute('role', 'alert')
    control.after(this.#status, this.#problem)
  }

  /**
   * Does something, shows that it runs, and shows what went wrong.
   *
   * @param what - what is being done, such as `Logging in …`
   * @param work - may return what to say once it is done
   * @returns whether it went well
   */
  async run(what: string, work: () => Promise<string | undefined>): Promise<boolean> {
    this.say(what)
    try {
      this.say((await work()) ?? '')
      return true
    } catch (error) {
      this.clear()
      if (!isNoProblem(error)) this.show(await explainProblem(error))
      return false
    }
  }

  say(text: string): void {
    this.#status.textContent = text
    this.#problem.replaceChildren()
  }

  /** Shows a problem, and brings it into view. */
  show({ title, advice, logHint }: ProblemText): void {
    this.#status.textContent = ''
    this.#problem.replaceChildren(make('strong', '', title), make('span', '', advice))
    if (logHint) this.#problem.append(make('span', '', logHint))
    this.#problem.scrollIntoView({ block: 'nearest' })
  }

  clear(): void {
    this.say('')
  }
}
