import type { PrivateKey } from '@textile/hub'
import { toSvg } from 'jdenticon'
import { makeCopyButton } from '../copy-button.js'
import { find, onClick, onSubmit } from '../dom.js'
import { PageError } from '../errors.js'
import { Outcome } from '../outcome.js'
import { importIdentity, newIdentity } from './identity.js'

/** Shows the identity that this browser keeps, and lets a person take another one. */
export class IdentityPanel {
  readonly #exported: Outcome
  readonly #imported: Outcome
  readonly #taken: (identity: PrivateKey) => void
  #identity: PrivateKey

  /**
   * @param identity - the first one
   * @param taken - is told when another one takes its place
   */
  constructor(identity: PrivateKey, taken: (identity: PrivateKey) => void) {
    this.#identity = identity
    this.#taken = taken
    this.#exported = new Outcome(onClick('export', () => this.#export()))
    this.#imported = new Outcome(onSubmit('import', () => void this.#import()))
    find('public-key', HTMLElement).after(makeCopyButton('your public key', () => this.#name))
    onClick('new-identity', () => this.#take(newIdentity()))
    this.#draw()
  }

  get #name(): string {
    return this.#identity.public.toString()
  }

  #take(identity: PrivateKey): void {
    this.#identity = identity
    this.#draw()
    this.#exported.clear()
    this.#imported.clear()
    this.#taken(identity)
  }

  #draw(): void {
    find('public-key', HTMLElement).textContent = this.#name
    const avatar = find('avatar', HTMLImageElement)
    avatar.src = `data:image/svg+xml,${encodeURIComponent(toSvg(this.#name, 72))}`
  }

  #export(): void {
    const link = document.createElement('a')
    link.href = `data:text/plain,${encodeURIComponent(this.#identity.toString())}`
    link.download = 'identity.txt'
    link.click()
    this.#exported.say('The private key was saved as identity.txt. Keep it safe.')
  }

  async #import(): Promise<void> {
    const field = find('private-key', HTMLTextAreaElement)
    await this.#imported.run('', async () => {
      const identity = importIdentity(field.value)
      if (!identity) {
        const advice = 'Paste the whole text that was exported.'
        throw new PageError('This text is no private key.', advice)
      }
      field.value = ''
      this.#take(identity)
      return 'The identity was imported.'
    })
  }
}
