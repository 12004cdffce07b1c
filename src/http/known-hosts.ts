import type { Middleware } from 'koa'
import { type LineWriter, printable } from '../log.js'
import { answerStatus } from './errors.js'
import { type AllowedOrigins, isKnownHost } from './origins.js'

/** Refuses requests whose `Host` isn't known with 403, and logs what to set. */
export function onlyKnownHosts(allowed: AllowedOrigins, log: LineWriter): Middleware {
  return async (ctx, next) => {
    const { host } = ctx.req.headers
    if (isKnownHost(host, allowed)) return next()
    const text = 'Host: unknown, so refused; name its origin in ALLOWED_ORIGINS if it is yours'
    log.warn({ host: printable(host ?? '') }, text)
    return answerStatus(ctx, 403)
  }
}
