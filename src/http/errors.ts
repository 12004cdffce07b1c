import { STATUS_CODES } from 'node:http'
import type { Context, Middleware } from 'koa'

/**
 * Answers in JSON what would else be Koa's or a library's own text: unknown paths, requests that
 * can't be read, and errors of ours, which also go to the app's `error` event.
 */
export const answerErrors: Middleware = async (ctx, next) => {
  try {
    await next()
    if (ctx.status === 404 && ctx.body === undefined) answerStatus(ctx, 404)
  } catch (error) {
    const status = statusOf(error)
    answerStatus(ctx, status)
    if (status >= 500) ctx.app.emit('error', error, ctx)
  }
}

/** Answers with an HTTP status, and its name as JSON. */
export function answerStatus(ctx: Context, status: number): void {
  ctx.status = status
  ctx.body = { error: STATUS_CODES[status] ?? 'Error' }
}

/** The HTTP status that an error asks for, as Koa's libraries mark theirs; else 500. */
function statusOf(error: unknown): number {
  const status = error instanceof Error && 'status' in error ? error.status : undefined
  return typeof status === 'number' && status in STATUS_CODES && status >= 400 ? status : 500
}
