import { open } from 'node:fs/promises'
import type { LineWriter } from '../log.js'

/** How often it is tried to open a file, in ms. */
const INTERVAL_MS = 1_000

/** The codes of errors that say: this process, or the system, has no file left to open. */
const NO_FILES = ['EMFILE', 'ENFILE']

/**
 * Says when the process can open no more files, and when it can again. Each connection takes one;
 * without any left, the system closes new connections, and nothing in the process is told of it.
 */
export class OpenFilesWatch {
  readonly #log: LineWriter
  readonly #timer: NodeJS.Timeout
  #hasNone = false

  constructor(log: LineWriter) {
    this.#log = log
    this.#timer = setInterval(() => void this.#look(), INTERVAL_MS).unref()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  async #look(): Promise<void> {
    const code = await open(process.execPath).then(
      (file) => file.close(),
      (error: NodeJS.ErrnoException) => error.code,
    )
    const hasNone = NO_FILES.includes(String(code))
    if (hasNone === this.#hasNone) return
    this.#hasNone = hasNone
    if (hasNone) {
      this.#log.error(
        { errno: code },
        'no file is left to open, so new connections are closed: raise the limit (ulimit -n, LimitNOFILE), or lower MAX_SOCKETS',
      )
    } else this.#log.info({}, 'files can be opened again')
  }
}
