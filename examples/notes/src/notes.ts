import { type Client, ThreadID } from '@textile/hub'

/** A note, as the collection keeps it. */
export interface Note {
  readonly _id: string
  readonly text: string
  /** When it was written, in milliseconds since 1970. */
  readonly at: number
}

/** The name of the user's database, and of its one collection. */
const NAME = 'notes'

const SCHEMA = {
  type: 'object',
  required: ['_id', 'text', 'at'],
  properties: {
    _id: { type: 'string' },
    text: { type: 'string', minLength: 1 },
    at: { type: 'number' },
  },
}

/** The user's notes: a collection in a database of the user's own. */
export class Notes {
  readonly #client: Client
  #database: Promise<ThreadID> | undefined

  constructor(client: Client) {
    this.#client = client
  }

  /** All notes, the newest first. */
  async list(): Promise<Note[]> {
    const notes = await this.#client.find<Note>(await this.#open(), NAME, {})
    return notes.toSorted((one, other) => other.at - one.at)
  }

  async add(text: string): Promise<void> {
    await this.#client.create(await this.#open(), NAME, [{ _id: '', text, at: Date.now() }])
  }

  async remove(id: string): Promise<void> {
    await this.#client.delete(await this.#open(), NAME, [id])
  }

  /** Opens the database once, however many calls come at once: a second one of its name fails. */
  #open(): Promise<ThreadID> {
    this.#database ??= this.#findOrCreate().catch((error) => {
      this.#database = undefined
      throw error
    })
    return this.#database
  }

  async #findOrCreate(): Promise<ThreadID> {
    const threads = await this.#client.listThreads()
    const found = threads.find(({ name }) => name === NAME)
    const database = found
      ? ThreadID.fromString(found.id)
      : await this.#client.newDB(undefined, NAME)
    const collections = await this.#client.listCollections(database)
    if (!collections.some(({ name }) => name === NAME)) {
      await this.#client.newCollection(database, { name: NAME, schema: SCHEMA })
    }
    return database
  }
}
