import { make } from '../dom.js'
import { PageError } from '../errors.js'

/**
 * Reads JSON that a person has typed.
 *
 * @param what - what it is, for the error: `schema`
 * @throws PageError
 */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new PageError(
      `The ${what} is no JSON.`,
      `Names and texts stand in double quotes, and nothing follows the last field. The browser says: ${reason}`,
    )
  }
}

/** Shows a value as JSON, on as many lines as it needs; long ones scroll, by keyboard too. */
export function showJson(value: unknown): HTMLElement {
  const shown = make('pre', '', JSON.stringify(value, null, 2))
  shown.tabIndex = 0
  return shown
}
