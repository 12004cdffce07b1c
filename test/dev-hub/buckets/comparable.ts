import { RECORDED } from './recording.js'

/** What of this run stands for what of the recording. */
export type OurNames = Partial<Record<keyof typeof RECORDED, string>>

/** Puts our names into what was recorded. */
export function toOurs<Value>(value: Value, ours: OurNames): Value {
  return translate(value, ours, (name, our) => [name, our])
}

/** Puts the recording's names into what was answered. */
export function toRecorded<Value>(value: Value, ours: OurNames): Value {
  return translate(value, ours, (name, our) => [our, name])
}

function translate<Value>(
  value: Value,
  ours: OurNames,
  order: (recorded: string, our: string) => [from: string, to: string],
): Value {
  let text = JSON.stringify(value)
  for (const [name, recorded] of Object.entries(RECORDED)) {
    const our: unknown = Reflect.get(ours, name)
    if (typeof our !== 'string') continue
    const [from, to] = order(recorded, our)
    text = text.replaceAll(from, to)
  }
  return JSON.parse(text)
}

/** Times by the order in which they appear: what was at one time must be at one time again. */
export class Times {
  readonly #names = new Map<number, string>()

  /** Names the times in a value, and orders maps, which have no order of their own. */
  name(value: unknown): unknown {
    if (typeof value === 'number' && value > 1e18) {
      const name = this.#names.get(value) ?? `<time ${this.#names.size + 1}>`
      this.#names.set(value, name)
      return name
    }
    if (Array.isArray(value)) return value.map((item) => this.name(item))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([field, item]) => [field, this.name(inOrder(field, item))]),
    )
  }
}

function inOrder(field: string, value: unknown): unknown {
  if (!field.endsWith('Map') || !Array.isArray(value)) return value
  return [...value].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}
