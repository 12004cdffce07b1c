import type { Middleware } from 'koa'
import bodyParser from 'koa-bodyparser'
import json from 'koa-json'
import logger from 'koa-logger'
import Router from 'koa-router'
import websockify, { type WebSocketApp } from 'koa-websocket'
import { MAX_FRAGMENTS } from '../limits/socket-traffic.js'
import type { Log } from '../log.js'
import type { Readiness } from '../login/events.js'
import { answerErrors } from './errors.js'
import { BoundedKoa, CLOSE_TIMEOUT_MS, type TlsFiles } from './listener.js'
import { simpleAuthRoutes } from './simple-auth.js'
import { type SocketSettings, socketRoutes, verifyUpgrade } from './websocket.js'

/** The most that a request's body may have. No route takes one yet, so it is small. */
const MAX_BODY = '1kb'

/** koa-logger's line for a response has this many parts: format, method, path, status, time, size. */
const RESPONSE_PARTS = 6

/** What the app is built of. */
export interface AppSettings extends SocketSettings {
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
  app.on('error', (err) => log.error({ err }, 'request failed'))
  app.use(logRequests(log))
  app.use(answerErrors)
  app.use(json({ pretty: false, param: 'pretty' }))
  app.use(bodyParser({ enableTypes: ['json'], jsonLimit: MAX_BODY }))
  app.use(httpRoutes(settings).routes())
  if (settings.simpleAuth) app.use(simpleAuthRoutes(settings).routes())
  app.ws.use(socketRoutes(settings).routes())
  return app
}

/** Logs each HTTP request when it is answered, at level `debug`. */
function logRequests(log: Log): Middleware {
  return logger((_line, parts) => {
    const [, method, path, status, time] = parts
    if (parts.length === RESPONSE_PARTS) log.debug({ method, path, status, time }, 'request')
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
