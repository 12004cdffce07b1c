import type { EndedCall } from '../call-source.js'
import { find, make } from './dom.js'

/** How many calls are shown. */
const MAX_SHOWN = 100

/** The codes of gRPC by number: https://grpc.io/docs/guides/status-codes/ */
const CODES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
]

/** The calls that the built-in Hub answers, as they end, the newest first. */
export class CallList {
  readonly #rows = find('call-rows', HTMLTableSectionElement)
  readonly #state = find('calls-state', HTMLElement)
  #events: EventSource | undefined

  /** Shows the list, and keeps it up to date while the page is looked at. */
  watch(): void {
    find('calls', HTMLElement).hidden = false
    // What scrolls must be reached by keyboard, too.
    const scroll = find('call-scroll', HTMLElement)
    scroll.tabIndex = 0
    scroll.setAttribute('role', 'group')
    scroll.setAttribute('aria-labelledby', 'calls-title')
    // Browsers open few connections to a server, so pages in the background leave theirs.
    document.addEventListener('visibilitychange', () => this.#follow())
    this.#follow()
  }

  #follow(): void {
    if (document.hidden) {
      this.#events?.close()
      this.#events = undefined
      return
    }
    if (this.#events) return
    const events = new EventSource('calls')
    this.#events = events
    events.addEventListener('open', () => {
      // What comes now begins with the calls that are kept.
      this.#rows.replaceChildren()
      this.#state.textContent = ''
    })
    events.addEventListener('message', ({ data }) => this.#add(JSON.parse(data)))
    events.addEventListener('error', () => {
      const isOver = events.readyState === EventSource.CLOSED
      this.#state.textContent = isOver
        ? 'The login server shows no calls to this page: too many pages watch. Close one, then load this page again.'
        : 'The login server is out of reach. This list waits for it.'
    })
  }

  #add(calls: readonly EndedCall[]): void {
    for (const call of calls) this.#rows.prepend(makeRow(call))
    while (this.#rows.rows.length > MAX_SHOWN) this.#rows.lastElementChild?.remove()
  }
}

function makeRow({ path, code, ms }: EndedCall): HTMLTableRowElement {
  const row = document.createElement('tr')
  const method = make('td', '', path.slice(path.lastIndexOf('/') + 1))
  method.title = path
  const name = CODES[code]
  row.append(
    method,
    make('td', code === 0 ? '' : 'failed', name === undefined ? `${code}` : `${code} ${name}`),
    make('td', 'when', `${ms}`),
  )
  return row
}
