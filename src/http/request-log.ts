import type { Middleware } from 'koa'
import logger from 'koa-logger'
import type { Log } from '../log.js'

/** koa-logger's line for a response has this many parts: format, method, path, status, time, size. */
const RESPONSE_PARTS = 6

/** Logs each HTTP request when it is answered, at level `debug`, through koa-logger. */
export function logRequests(log: Log): Middleware {
  return logger((_line, parts) => {
    const [, method, path, status, time] = parts
    if (parts.length === RESPONSE_PARTS) log.debug({ method, path, status, time }, 'request')
  })
}
