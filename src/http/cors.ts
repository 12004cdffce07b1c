import cors from '@koa/cors'
import type { Middleware } from 'koa'
import { type AllowedOrigins, isAllowedOrigin } from './origins.js'

/** How long a browser may keep the answer to a preflight, in seconds: the most that Chrome does. */
const PREFLIGHT_TTL = 7_200

/**
 * Makes what lets the pages that may log users in read an endpoint's answers, whatever they are: a
 * browser keeps them from any other page. Comes before whatever may refuse, so that a page learns
 * why it was. Cookies are never asked for.
 *
 * @param method - the endpoint's only one
 */
export function allowPages(method: 'GET' | 'POST', allowed: AllowedOrigins): Middleware {
  return cors({
    origin({ req: { headers } }) {
      const { origin } = headers
      return origin !== undefined && isAllowedOrigin(origin, allowed) ? origin : ''
    },
    allowMethods: method,
    allowHeaders: 'Content-Type',
    exposeHeaders: 'Retry-After',
    maxAge: PREFLIGHT_TTL,
  })
}
