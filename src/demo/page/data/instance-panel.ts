import { type QueryJSON, type ThreadID, Where } from '@textile/hub'
import { fillList, find, make, onSubmit } from '../dom.js'
import { Outcome } from '../outcome.js'
import type { Session } from '../session.js'
import { parseJson, showJson } from './json.js'

/** How many instances are asked for at a time. */
const MAX_FOUND = 50

/** A database that is open on the page. */
export interface OpenDatabase {
  readonly id: ThreadID
  /** Its name, or the beginning of its ID where it has none. */
  readonly name: string
}

/** The instances of a collection: finds some, adds one. */
export class InstancePanel {
  readonly #ask: Session['ask']
  readonly #section = find('instances', HTMLElement)
  readonly #list = find('instance-list', HTMLElement)
  readonly #collection = find('instance-collection', HTMLInputElement)
  readonly #found: Outcome
  readonly #added: Outcome
  #database: OpenDatabase | undefined

  constructor(ask: Session['ask']) {
    this.#ask = ask
    this.#found = new Outcome(onSubmit('find-instances', () => void this.#find()))
    this.#added = new Outcome(onSubmit('add-instance', () => void this.#add()))
  }

  /** Lets a person use those of a database. */
  open(database: OpenDatabase): void {
    this.close()
    this.#database = database
    this.#section.hidden = false
  }

  /** Shows those of a collection. */
  use(collection: string): void {
    this.#collection.value = collection
    void this.#find()
  }

  close(): void {
    this.#database = undefined
    this.#section.hidden = true
    this.#collection.value = ''
    this.#list.replaceChildren()
    this.#found.clear()
    this.#added.clear()
  }

  async #find(): Promise<void> {
    const database = this.#database
    if (!database) return
    await this.#found.run('Asking the Hub for instances …', async () => {
      const instances = await this.#ask(({ client }) =>
        client.find(database.id, this.#collection.value, readQuery()),
      )
      if (database !== this.#database) return undefined
      const items = instances.map((instance) => {
        const item = make('li', '', '')
        item.append(showJson(instance))
        return item
      })
      fillList(this.#list, items, 'nothing found')
      const isAll = instances.length < MAX_FOUND
      return isAll ? `Found ${instances.length}.` : `The first ${MAX_FOUND} are shown.`
    })
  }

  async #add(): Promise<void> {
    const database = this.#database
    if (!database) return
    const collection = this.#collection.value
    const isAdded = await this.#added.run('Adding the instance …', async () => {
      const instance = parseJson(find('instance-json', HTMLTextAreaElement).value, 'instance')
      const [id] = await this.#ask(({ client }) =>
        client.create(database.id, collection, [instance]),
      )
      return `Added: ${id}`
    })
    if (isAdded) await this.#find()
  }
}

/** What to look for, as the form has it: everything, unless it names a field. */
function readQuery(): QueryJSON {
  const field = find('query-field', HTMLInputElement).value.trim()
  if (field === '') return { limit: MAX_FOUND }
  const { ands } = new Where(field).eq(readValue())
  return { ands, limit: MAX_FOUND }
}

/** The value to compare with: a number, true or false where it reads like one, else a text. */
function readValue(): string | number | boolean {
  const text = find('query-value', HTMLInputElement).value
  if (text === 'true' || text === 'false') return text === 'true'
  const isNumber = text.trim() !== '' && Number.isFinite(Number(text))
  return isNumber ? Number(text) : text
}
