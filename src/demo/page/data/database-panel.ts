import { ThreadID } from '@textile/hub'
import { makeCopyButton } from '../copy-button.js'
import { fillList, find, make, makeButton, onClick, onSubmit } from '../dom.js'
import { PageError } from '../errors.js'
import { Outcome } from '../outcome.js'
import type { Session } from '../session.js'
import { CollectionPanel } from './collection-panel.js'
import { InstancePanel, type OpenDatabase } from './instance-panel.js'

/** The user's databases, and the one that is open: the user's, or another's. */
export class DatabasePanel {
  readonly #ask: Session['ask']
  readonly #list = find('database-list', HTMLElement)
  readonly #listed: Outcome
  readonly #created: Outcome
  readonly #opened: Outcome
  readonly #collections: CollectionPanel
  readonly #instances: InstancePanel

  constructor(ask: Session['ask']) {
    this.#ask = ask
    this.#listed = new Outcome(onClick('list-databases', () => void this.load()))
    this.#created = new Outcome(onSubmit('create-database', () => void this.#create()))
    this.#opened = new Outcome(onSubmit('open-database', () => void this.#openById()))
    this.#instances = new InstancePanel(ask)
    this.#collections = new CollectionPanel(ask, (name) => this.#instances.use(name))
  }

  /** Lists the databases. */
  async load(): Promise<void> {
    await this.#listed.run('Asking the Hub for your databases …', async () => {
      const threads = await this.#ask(({ client }) => client.listThreads())
      const items = threads.map(({ id, name }) => this.#makeItem(id ?? '', name ?? ''))
      fillList(this.#list, items, 'no database yet')
      return undefined
    })
  }

  clear(): void {
    this.#list.replaceChildren()
    for (const outcome of [this.#listed, this.#created, this.#opened]) outcome.clear()
    this.#collections.close()
    this.#instances.close()
  }

  #makeItem(id: string, name: string): HTMLElement {
    const database = { id: ThreadID.fromString(id), name: name || shorten(id) }
    const item = make('li', '', '')
    item.append(
      makeButton(database.name, '', () => void this.#open(database)),
      make('code', 'id', id),
      makeCopyButton(`the ID of ${database.name}`, () => id),
    )
    return item
  }

  async #create(): Promise<void> {
    const field = find('database-name', HTMLInputElement)
    const isCreated = await this.#created.run('Creating the database …', async () => {
      const name = field.value
      const id = await this.#ask(({ client }) => client.newDB(undefined, name))
      field.value = ''
      void this.#open({ id, name })
      return `${name} is there, and open.`
    })
    if (isCreated) await this.load()
  }

  async #openById(): Promise<void> {
    const field = find('database-id', HTMLInputElement)
    await this.#opened.run('', async () => {
      const text = field.value.trim()
      await this.#open({ id: parseId(text), name: shorten(text) })
      return 'It is open.'
    })
  }

  async #open(database: OpenDatabase): Promise<void> {
    this.#instances.open(database)
    await this.#collections.open(database)
  }
}

function parseId(text: string): ThreadID {
  try {
    const id = ThreadID.fromString(text)
    if (id.isDefined() && id.toString() === text) return id
  } catch {
    // Said below.
  }
  throw new PageError(
    'This is no ID of a database.',
    'An ID begins with bafk. Copy the whole of it.',
  )
}

function shorten(id: string): string {
  return `${id.slice(0, 12)}…`
}
