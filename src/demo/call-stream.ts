import type { ServerResponse } from 'node:http'
import { PassThrough } from 'node:stream'
import type { Context } from 'koa'
import type { CallSource, EndedCall } from './call-source.js'

/** How many pages may watch at a time: each holds a connection. */
export const MAX_WATCHERS = 16

/** How much may wait for a page that doesn't read, in bytes. It connects again by itself. */
const MAX_WAITING_BYTES = 64 * 1024

/**
 * The calls that the Hub answers, as Server-Sent Events: first the newest ones, then the others as
 * they end. They are for pages of this server that this machine opens, as its Hub is.
 */
export class CallStream {
  readonly #source: CallSource
  readonly #isThisMachine: (host: string | undefined) => boolean
  /** What each page is told through, and its response. */
  readonly #watchers = new Map<PassThrough, ServerResponse>()
  #unsubscribe = () => {}

  constructor(source: CallSource, isThisMachine: (host: string | undefined) => boolean) {
    this.#source = source
    this.#isThisMachine = isThisMachine
  }

  /** Whether a request may watch. */
  isFor({ headers }: Context): boolean {
    // Browsers let other sites' pages read nothing, but those would hold connections.
    const site = headers['sec-fetch-site']
    const isOwnPage = site === undefined || site === 'same-origin'
    return isOwnPage && headers.origin === undefined && this.#isThisMachine(headers.host)
  }

  /** Answers a request, with 403 or 503 where it may not watch. */
  serve(ctx: Context): void {
    ctx.set('Cache-Control', 'no-store')
    const isFor = this.isFor(ctx)
    if (!isFor || this.#watchers.size >= MAX_WATCHERS) {
      ctx.status = isFor ? 503 : 403
      ctx.body = { error: isFor ? 'too many pages watch' : 'calls are shown to this machine only' }
      return
    }
    const watcher = new PassThrough()
    if (this.#watchers.size === 0) {
      this.#unsubscribe = this.#source.subscribe((calls) => this.#tell(calls))
    }
    this.#watchers.set(watcher, ctx.res)
    // Koa destroys it when its connection is gone.
    watcher.once('close', () => {
      this.#watchers.delete(watcher)
      if (this.#watchers.size === 0) this.#unsubscribe()
    })
    watcher.write(writeEvent(this.#source.newest))
    ctx.type = 'text/event-stream'
    ctx.body = watcher
  }

  /** Ends all of them. */
  close(): void {
    for (const watcher of this.#watchers.keys()) watcher.end()
  }

  #tell(calls: readonly EndedCall[]): void {
    const event = writeEvent(calls)
    for (const [watcher, response] of this.#watchers) {
      const waiting = watcher.writableLength + watcher.readableLength
      if (waiting > MAX_WAITING_BYTES) response.destroy()
      else watcher.write(event)
    }
  }
}

/** Writes calls as one event. Times have a tenth of a millisecond. */
function writeEvent(calls: readonly EndedCall[]): string {
  const rounded = calls.map(({ path, code, ms }) => ({ path, code, ms: Math.round(ms * 10) / 10 }))
  return `data: ${JSON.stringify(rounded)}\n\n`
}
