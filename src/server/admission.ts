import type { IncomingMessage } from 'node:http'
import { LOGIN_PATH } from '../protocol.js'

/** Says whether to upgrade; where not, with an HTTP status. */
type Decide = (isAdmitted: boolean, status?: number) => void

/**
 * Decides on an upgrade before it happens. koa-websocket would upgrade any path, and leave a
 * socket that no route takes open for ever.
 */
export function admit({ req }: { req: IncomingMessage }, decide: Decide): void {
  if (pathOf(req) === LOGIN_PATH) decide(true)
  else decide(false, 404)
}

/** The request's path as it was sent, without the query. */
function pathOf({ url = '' }: IncomingMessage): string {
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}
