import { fillList, find, make, makeButton, onClick, onSubmit } from '../dom.js'
import { Outcome } from '../outcome.js'
import type { Session } from '../session.js'
import type { OpenDatabase } from './instance-panel.js'
import { parseJson, showJson } from './json.js'

/** A collection, as the SDK lists it. */
type Collection = Awaited<ReturnType<import('@textile/hub').Client['listCollections']>>[number]

/** The collections of the database that is open, with their schemas. */
export class CollectionPanel {
  readonly #ask: Session['ask']
  readonly #use: (name: string) => void
  readonly #section = find('collections', HTMLElement)
  readonly #list = find('collection-list', HTMLElement)
  readonly #listed: Outcome
  readonly #created: Outcome
  #database: OpenDatabase | undefined

  /** @param use - is told of a collection whose instances are to be shown */
  constructor(ask: Session['ask'], use: (name: string) => void) {
    this.#ask = ask
    this.#use = use
    this.#listed = new Outcome(onClick('list-collections', () => void this.#load()))
    this.#created = new Outcome(onSubmit('create-collection', () => void this.#create()))
  }

  /** Shows those of a database. */
  async open(database: OpenDatabase): Promise<void> {
    this.close()
    this.#database = database
    find('collections-of', HTMLElement).textContent = database.name
    this.#section.hidden = false
    await this.#load()
  }

  close(): void {
    this.#database = undefined
    this.#section.hidden = true
    this.#list.replaceChildren()
    this.#listed.clear()
    this.#created.clear()
  }

  async #load(): Promise<void> {
    const database = this.#database
    if (!database) return
    await this.#listed.run('Asking the Hub for the collections …', async () => {
      const collections = await this.#ask(({ client }) => client.listCollections(database.id))
      if (database !== this.#database) return undefined
      const items = collections.map((collection) => this.#makeItem(collection))
      fillList(this.#list, items, 'no collection yet')
      return undefined
    })
  }

  #makeItem({ name, schema, indexesList }: Collection): HTMLElement {
    const details = document.createElement('details')
    details.append(make('summary', '', `Schema of ${name}`), showJson(decodeSchema(schema)))
    if (indexesList.length > 0) {
      const indexes = indexesList.map(({ path, unique }) => (unique ? `${path} (unique)` : path))
      details.append(make('p', '', `Indexes: ${indexes.join(', ')}`))
    }
    const item = make('li', '', '')
    item.append(
      makeButton(name, '', () => this.#use(name)),
      details,
    )
    return item
  }

  async #create(): Promise<void> {
    const database = this.#database
    if (!database) return
    const field = find('collection-name', HTMLInputElement)
    const isCreated = await this.#created.run('Creating the collection …', async () => {
      const name = field.value
      const schema = parseJson(find('collection-schema', HTMLTextAreaElement).value, 'schema')
      await this.#ask(({ client }) => client.newCollection(database.id, { name, schema }))
      field.value = ''
      return `${name} is there.`
    })
    if (!isCreated) return
    await this.#load()
  }
}

/** The SDK's list has each schema as JSON's bytes in base64. */
function decodeSchema(schema: string | Uint8Array): unknown {
  const bytes =
    typeof schema === 'string' ? Uint8Array.from(atob(schema), (c) => c.charCodeAt(0)) : schema
  return JSON.parse(new TextDecoder().decode(bytes))
}
