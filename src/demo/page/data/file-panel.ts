import type { Root } from '@textile/hub'
import { makeCopyButton } from '../copy-button.js'
import { fillList, find, make, onClick, onSubmit } from '../dom.js'
import { Outcome } from '../outcome.js'
import type { Session } from '../session.js'

/** How long an upload may take, in s: 100 MB on a slow line. */
const UPLOAD_TIMEOUT = 600

/** A file that every bucket has, and that is the Hub's own. */
const SEED = '.textileseed'

/** The files of the bucket that is open: their links, and uploads. */
export class FilePanel {
  readonly #ask: Session['ask']
  readonly #section = find('files', HTMLElement)
  readonly #list = find('file-list', HTMLElement)
  readonly #listed: Outcome
  readonly #uploaded: Outcome
  #bucket: Root | undefined

  constructor(ask: Session['ask']) {
    this.#ask = ask
    this.#listed = new Outcome(onClick('list-files', () => void this.#load()))
    this.#uploaded = new Outcome(onSubmit('upload', () => void this.#upload()))
  }

  /** Shows those of a bucket. */
  async open(bucket: Root): Promise<void> {
    this.close()
    this.#bucket = bucket
    find('files-of', HTMLElement).textContent = bucket.name
    this.#section.hidden = false
    await this.#load()
  }

  close(): void {
    this.#bucket = undefined
    this.#section.hidden = true
    this.#list.replaceChildren()
    find('private-links', HTMLElement).hidden = true
    this.#listed.clear()
    this.#uploaded.clear()
  }

  async #load(): Promise<void> {
    const bucket = this.#bucket
    if (!bucket) return
    await this.#listed.run('Asking the Hub for the files …', async () => {
      const { paths, url } = await this.#ask(async ({ buckets }) => {
        buckets.withThread(bucket.thread)
        const links = await buckets.links(bucket.key)
        return { paths: await buckets.listPathFlat(bucket.key, '', false), url: links.url }
      })
      if (bucket !== this.#bucket) return undefined
      const items = paths.filter((path) => path !== SEED).map((path) => makeItem(path, url))
      fillList(this.#list, items, 'no file yet')
      find('private-links', HTMLElement).hidden = !new URL(url).searchParams.has('token')
      return undefined
    })
  }

  async #upload(): Promise<void> {
    const bucket = this.#bucket
    const field = find('upload-files', HTMLInputElement)
    const files = [...(field.files ?? [])]
    if (!bucket) return
    const names = files.map(({ name }) => name).join(', ')
    const isUploaded = await this.#uploaded.run(`Uploading ${names} …`, async () => {
      const contents = files.map(async (file) => ({
        path: file.name,
        content: new Uint8Array(await file.arrayBuffer()),
      }))
      const input = await Promise.all(contents)
      await this.#ask(async ({ buckets }) => {
        buckets.withThread(bucket.thread)
        for await (const _ of buckets.pushPaths(bucket.key, input)) {
          // Each file is told when it is there; what matters here is the end.
        }
      }, UPLOAD_TIMEOUT)
      field.value = ''
      return `Uploaded ${names}.`
    })
    if (isUploaded) await this.#load()
  }
}

/** @param bucketUrl - that of the whole bucket */
function makeItem(path: string, bucketUrl: string): HTMLElement {
  const url = new URL(bucketUrl)
  url.pathname += `/${path.split('/').map(encodeURIComponent).join('/')}`
  const link = document.createElement('a')
  link.href = url.href
  link.target = '_blank'
  link.rel = 'noopener'
  link.textContent = path
  const item = make('li', '', '')
  item.append(
    link,
    makeCopyButton(`the link of ${path}`, () => url.href),
  )
  return item
}
