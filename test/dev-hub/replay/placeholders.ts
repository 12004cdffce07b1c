import { ThreadID } from '@textile/hub'
import { isObject } from './messages.js'

/** The names of one replay, which the recording has placeholders for. */
const NAMES: Readonly<Record<string, string>> = { '<name>': 'replayed', '<NAME>': 'REPLAYED' }

/** What stands for the placeholders of a recording in one replay of it. */
export class Placeholders {
  readonly #threads = new Map<string, ThreadID>()
  readonly #ids = new Map<string, string>()

  /** The thread that a placeholder stands for. */
  thread(placeholder: string): ThreadID {
    const thread = this.#threads.get(placeholder) ?? ThreadID.fromRandom()
    this.#threads.set(placeholder, thread)
    return thread
  }

  /** Puts this replay's values into what was recorded. */
  fill(value: unknown, field = ''): unknown {
    if (Array.isArray(value)) return value.map((item) => this.fill(item, field))
    if (isObject(value)) {
      return Object.fromEntries(
        Object.entries(value).map(([name, item]) => [name, this.fill(item, name)]),
      )
    }
    if (typeof value !== 'string') return value
    if (field === 'dbid') return value === '' ? new Uint8Array() : this.thread(value).toBytes()
    return this.#ids.get(value) ?? this.name(value)
  }

  /** Puts this replay's names into a text. */
  name(text: string): string {
    return text.replace(/<name>|<NAME>/g, (placeholder) => NAMES[placeholder] ?? placeholder)
  }

  /**
   * Puts the recording's placeholders into what a Hub answered, where the recording has them; a
   * new ID is remembered by the placeholder that stands where it came.
   */
  blank(actual: unknown, recorded: unknown): unknown {
    if (Array.isArray(actual)) {
      const list = Array.isArray(recorded) ? recorded : []
      return actual.map((item, index) => this.blank(item, this.#twin(item, list, index)))
    }
    if (isObject(actual)) {
      const fields = isObject(recorded) ? recorded : {}
      return Object.fromEntries(
        Object.entries(actual).map(([name, item]) => [name, this.blank(item, fields[name])]),
      )
    }
    if (recorded === '<mod>') return isRecent(actual) ? '<mod>' : actual
    if (recorded === '<key>') return actual === '' ? actual : '<key>'
    if (typeof actual !== 'string' || typeof recorded !== 'string') return actual
    if (/^<id\d+>$/.test(recorded)) return this.#isKnown(recorded, actual) ? recorded : actual
    if (this.fill(recorded) === actual) return recorded
    const bytes = Buffer.from(this.thread(recorded).toBytes())
    return bytes.toString('base64') === actual ? recorded : actual
  }

  /** What was recorded of an item: in its place, or wherever the same ID or name stands. */
  #twin(item: unknown, list: readonly unknown[], index: number): unknown {
    const key = keyOf(item)
    const twin = list.find((each) => key !== undefined && this.fill(keyOf(each)) === key)
    return twin ?? list[index]
  }

  #isKnown(placeholder: string, id: string): boolean {
    const known =
      this.#ids.get(placeholder) ?? (/^[0-9a-hjkmnp-tv-z]{26}$/.test(id) ? id : undefined)
    if (known !== undefined) this.#ids.set(placeholder, known)
    return known === id
  }
}

/** What an item of a list is known by, if by anything: an instance's ID, a collection's name. */
function keyOf(item: unknown): unknown {
  if (!isObject(item)) return undefined
  const { json, name } = item
  return isObject(json) ? json._id : name || undefined
}

/** Whether a value is a time in ns since 1970 within the last minute. */
function isRecent(value: unknown): boolean {
  return typeof value === 'number' && Math.abs(value / 1e6 - Date.now()) < 60_000
}
