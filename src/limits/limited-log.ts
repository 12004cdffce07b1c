import type { LineWriter, Log } from '../log.js'

/** How many lines of a kind are written in a minute. */
const LINES_PER_MINUTE = 200

const WINDOW_MS = 60_000

/** A kind of lines in the minute that runs. */
interface Kind {
  readonly text: string
  readonly outcome: unknown
  written: number
  leftOut: number
}

/**
 * A log whose lines of a kind, by text and outcome, are limited in a minute: whoever can cause one
 * could else fill the disk. Those beyond the limit are left out, and their number is logged when the
 * minute is over. Not limited are logins that have succeeded, and their steps: rate limits bound
 * them, and they are what the log is for.
 */
export class LimitedLog implements LineWriter {
  readonly #log: Log
  readonly #kinds = new Map<string, Kind>()
  #timer: NodeJS.Timeout | undefined

  constructor(log: Log) {
    this.#log = log
  }

  isLevelEnabled(level: string): boolean {
    return this.#log.isLevelEnabled(level)
  }

  debug(fields: object, text: string): void {
    if (this.#takes('debug', fields, text)) this.#log.debug(fields, text)
  }

  info(fields: object, text: string): void {
    if (this.#takes('info', fields, text)) this.#log.info(fields, text)
  }

  warn(fields: object, text: string): void {
    if (this.#takes('warn', fields, text)) this.#log.warn(fields, text)
  }

  error(fields: object, text: string): void {
    if (this.#takes('error', fields, text)) this.#log.error(fields, text)
  }

  /** Ends the minute that runs. */
  close(): void {
    clearTimeout(this.#timer)
    this.#endMinute()
  }

  #takes(level: 'debug' | 'info' | 'warn' | 'error', fields: object, text: string): boolean {
    if (!this.#log.isLevelEnabled(level)) return false
    const outcome = 'outcome' in fields ? fields.outcome : undefined
    if (outcome === 'ok' || 'step' in fields) return true
    const kind = this.#find(text, outcome)
    const isWritten = kind.written < LINES_PER_MINUTE
    if (isWritten) kind.written += 1
    else kind.leftOut += 1
    return isWritten
  }

  #find(text: string, outcome: unknown): Kind {
    const name = `${text} ${outcome}`
    const known = this.#kinds.get(name)
    if (known) return known
    const kind = { text, outcome, written: 0, leftOut: 0 }
    this.#kinds.set(name, kind)
    this.#timer ??= setTimeout(() => this.#endMinute(), WINDOW_MS).unref()
    return kind
  }

  #endMinute(): void {
    this.#timer = undefined
    for (const { text, outcome, leftOut } of this.#kinds.values()) {
      if (leftOut > 0) this.#log.warn({ lines: text, outcome, leftOut }, 'lines were left out')
    }
    this.#kinds.clear()
  }
}
