import { STATUS_CODES } from 'node:http'
import type { Context, Middleware } from 'koa'
import { codeOf, type LineWriter } from '../log.js'

/** The codes of errors that say: the request can't be read. Z_ is zlib's. */
const UNREADABLE = /^(Z_|ERR_INVALID_URL$)/

/** The codes of errors that a client causes. HPE_ is the parser's of Node.js. */
const CLIENT_ERROR = /^(HPE_|ECONN|EPIPE$|ERR_STREAM_|ERR_SSL_|ERR_HTTP_REQUEST_TIMEOUT$)/

/**
 * Answers in JSON what would else be Koa's or a library's own text: unknown paths, requests that
 * can't be read, and errors of ours, which also go to the app's `error` event.
 */
export const answerErrors: Middleware = async (ctx, next) => {
  try {
    await next()
    if (ctx.status === 404 && ctx.body === undefined) answerStatus(ctx, 404)
  } catch (error) {
    const status = statusOf(error, ctx.url)
    answerStatus(ctx, status)
    if (status >= 500) ctx.app.emit('error', error, ctx)
  }
}

/** Answers with an HTTP status, and its name as JSON. */
export function answerStatus(ctx: Context, status: number): void {
  ctx.status = status
  ctx.body = { error: STATUS_CODES[status] ?? 'Error' }
}

/**
 * The HTTP status that an error asks for, as Koa's libraries mark theirs; else 500. What parsers
 * throw over a URL that is none depends on the version of Node.js, so the URL itself is looked at.
 */
function statusOf(error: unknown, url: string): number {
  const status = error instanceof Error && 'status' in error ? error.status : undefined
  if (typeof status === 'number' && status in STATUS_CODES && status >= 400) return status
  const isUnreadable =
    UNREADABLE.test(codeOf(error) ?? '') || !URL.canParse(url, 'http://localhost')
  return isUnreadable ? 400 : 500
}

/**
 * Logs that a request has failed: what its client did wrong at level `debug`, by its code alone,
 * since such errors hold what the client has sent.
 */
export function logFailure(error: unknown, log: LineWriter): void {
  const code = codeOf(error) ?? ''
  if (CLIENT_ERROR.test(code)) log.debug({ code }, 'a client failed')
  else log.error({ err: error }, 'request failed')
}
