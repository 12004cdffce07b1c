import type { Root } from '@textile/hub'
import { fillList, find, make, makeButton, onClick, onSubmit } from '../dom.js'
import { Outcome } from '../outcome.js'
import type { Session } from '../session.js'
import { FilePanel } from './file-panel.js'

/** The user's buckets, and the files of the one that is open. */
export class BucketPanel {
  readonly #ask: Session['ask']
  readonly #list = find('bucket-list', HTMLElement)
  readonly #listed: Outcome
  readonly #created: Outcome
  readonly #files: FilePanel

  constructor(ask: Session['ask']) {
    this.#ask = ask
    this.#listed = new Outcome(onClick('list-buckets', () => void this.load()))
    this.#created = new Outcome(onSubmit('create-bucket', () => void this.#create()))
    this.#files = new FilePanel(ask)
  }

  /** Lists the buckets. */
  async load(): Promise<void> {
    await this.#listed.run('Asking the Hub for your buckets …', async () => {
      const roots = await this.#ask(({ buckets }) => buckets.existing())
      const items = roots.map((root) => this.#makeItem(root))
      fillList(this.#list, items, 'no bucket yet')
      return undefined
    })
  }

  clear(): void {
    this.#list.replaceChildren()
    this.#listed.clear()
    this.#created.clear()
    this.#files.close()
  }

  #makeItem(root: Root): HTMLElement {
    const item = make('li', '', '')
    item.append(
      makeButton(root.name || root.key, '', () => void this.#files.open(root)),
      make('code', 'id', root.key),
    )
    return item
  }

  async #create(): Promise<void> {
    const field = find('bucket-name', HTMLInputElement)
    const encrypted = find('bucket-private', HTMLInputElement).checked
    const isCreated = await this.#created.run('Creating the bucket …', async () => {
      const name = field.value
      const { root } = await this.#ask(({ buckets }) => buckets.getOrCreate(name, { encrypted }))
      field.value = ''
      if (root) void this.#files.open(root)
      return `${name} is there, and open.`
    })
    if (isCreated) await this.load()
  }
}
