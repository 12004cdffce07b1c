import type { Middleware } from 'koa'
import bodyParser from 'koa-bodyparser'
import json from 'koa-json'
import logger from 'koa-logger'
import Router from 'koa-router'
import websockify, { type WebSocketApp } from 'koa-websocket'
import { MAX_FRAGMENTS } from '../limits/socket-traffic.js'
import { type LineWriter, printable } from '../log.js'
import type { Readiness } from '../login/events.js'
import { answerErrors, logFailure } from './errors.js'
import { BoundedKoa, CLOSE_TIMEOUT_MS } from './listener.js'
import { type RenewalRouteSettings, renewalRoutes } from './renewal.js'
import { simpleAuthRoutes } from './simple-auth.js'
import type { TlsFiles } from './tls.js'
import { type SocketSettings, socketRoutes, verifyUpgrade } from './websocket.js'

/** The most that a request's body may have where no route takes one. */
const MAX_BODY = '1kb'

/** koa-logger's line for a response has this many parts: format, method, path, status, time, size. */
const RESPONSE_PARTS = 6

/** What the app is built of. */
export interface AppSettings extends SocketSettings, RenewalRouteSettings {
  readonly serverKey: SocketSettings['serverKey']
  /** What to serve TLS with; it is plain HTTP where missing. */
  readonly tls?: TlsFiles | undefined
  /** Whether credentials are given to whoever asks, without identity. */
  readonly simpleAuth?: boolean | undefined
  /** Tells whether the server can log users in now, and if not, why. */
  findReadiness(): Promise<Readiness>
}

/** Builds the Koa app: HTTP routes, and the WebSocket route that logs users in. */
export function createApp(settings: AppSettings): BoundedKoa & WebSocketApp {
  const { log, admission } = settings
  const app = websockify(new BoundedKoa(settings.requestLimits, settings.tls), {
    verifyClient: ({ req }, decide) => verifyUpgrade(req, settings, decide),
    maxPayload: admission.limits.maxMessageBytes,
    maxFragments: MAX_FRAGMENTS,
    // Pings are bounded by what they count for, and end with a close code.
    maxPendingAutoPongs: 0,
    closeTimeout: CLOSE_TIMEOUT_MS,
    perMessageDeflate: false,
  })
  app.on('error', (error) => logFailure(error, log))
  // It works out its line for every request, whether or not that is written.
  if (log.isLevelEnabled('debug')) app.use(logRequests(log))
  app.use(answerErrors)
  app.use(json({ pretty: false, param: 'pretty' }))
  // Before what reads bodies: its errors are to be answered in the endpoint's own way.
  if (settings.renewalTtl > 0) app.use(renewalRoutes(settings).routes())
  app.use(bodyParser({ enableTypes: ['json'], jsonLimit: MAX_BODY }))
  app.use(httpRoutes(settings).routes())
  if (settings.simpleAuth) app.use(simpleAuthRoutes(settings).routes())
  app.ws.use(socketRoutes(settings).routes())
  return app
}

/** Logs each HTTP request when it is answered, at level `debug`, without its query. */
function logRequests(log: LineWriter): Middleware {
  return logger((_line, parts) => {
    const [, method, url, status, duration] = parts
    if (parts.length !== RESPONSE_PARTS) return
    const path = printable(String(url).replace(/\?.*/s, ''))
    log.debug({ method, path, status, duration }, 'request')
  })
}

function httpRoutes({ findReadiness }: AppSettings): Router {
  const router = new Router({ strict: true })
  router.get('/health', (ctx) => {
    ctx.body = { status: 'ok' }
  })
  router.get('/ready', async (ctx) => {
    const status = await findReadiness()
    ctx.status = status === 'ready' ? 200 : 503
    ctx.body = { status }
  })
  return router
}
