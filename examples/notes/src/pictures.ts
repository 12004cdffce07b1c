import type { Buckets } from '@textile/hub'

/** The bucket's name. */
const NAME = 'pictures'

/** What the Hub itself puts into each bucket. */
const SEED = '.textileseed'

/** A picture: its file's name, and its bytes. */
export interface Picture {
  readonly name: string
  readonly blob: Blob
}

/** The user's pictures: files in a bucket of the user's own. */
export class Pictures {
  readonly #buckets: Buckets
  #key: Promise<string> = Promise.resolve('')

  constructor(buckets: Buckets) {
    this.#buckets = buckets
  }

  async list(): Promise<Picture[]> {
    const key = await this.#open()
    const { item } = await this.#buckets.listPath(key, '')
    const names = (item?.items ?? []).map(({ name }) => name).filter((name) => name !== SEED)
    return Promise.all(names.map((name) => this.#read(key, name)))
  }

  async add(file: File): Promise<void> {
    const key = await this.#open()
    const content = new Uint8Array(await file.arrayBuffer())
    await this.#buckets.pushPath(key, file.name, { path: file.name, content })
  }

  async remove(name: string): Promise<void> {
    await this.#buckets.removePath(await this.#open(), name)
  }

  async #read(key: string, name: string): Promise<Picture> {
    const chunks: BlobPart[] = []
    for await (const chunk of this.#buckets.pullPath(key, name)) chunks.push(new Uint8Array(chunk))
    return { name, blob: new Blob(chunks) }
  }

  /**
   * The bucket's key. Asked for before every call, one after another: `getOrCreate` is the one
   * method of `Buckets` that logs in again when the `UserAuth` has expired.
   */
  #open(): Promise<string> {
    this.#key = this.#key
      .catch(() => {})
      .then(async () => {
        const { root } = await this.#buckets.getOrCreate(NAME)
        if (!root) throw new Error('The Hub opened no bucket.')
        return root.key
      })
    return this.#key
  }
}
