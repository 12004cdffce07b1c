import { STATUS_CODES } from 'node:http'
import type { DefaultState } from 'koa'
import bodyParser from 'koa-bodyparser'
import json from 'koa-json'
import Router from 'koa-router'
import websockify, { type SocketContext, type WebSocketApp } from 'koa-websocket'
import type { Log } from '../log.js'
import type { Readiness } from '../login/events.js'
import { LoginSession, type SessionSettings } from '../login/session.js'
import { LOGIN_PATH } from '../protocol.js'
import { answerErrors } from './errors.js'
import { KoaSocket } from './koa-socket.js'
import { BoundedKoa } from './listener.js'
import { logRequests } from './request-log.js'
import { simpleAuthRoutes } from './simple-auth.js'
import type { TlsFiles } from './tls.js'
import { type AdmissionSettings, decideUpgrade, headersOf } from './upgrade.js'

/** The most that a request's body may have. No route takes one yet, so it is small. */
const MAX_BODY = '1kb'

/** How long a client may take to let go of a connection that is being closed, in ms. */
export const CLOSE_TIMEOUT_MS = 1_000

/** What the app is built of. */
export interface AppSettings extends SessionSettings {
  readonly log: Log
  readonly admission: AdmissionSettings
  /** What to serve TLS with; it is plain HTTP where missing. */
  readonly tls?: TlsFiles | undefined
  /** Whether credentials are given to whoever asks, without identity. */
  readonly simpleAuth?: boolean | undefined
  /** The sessions of the sockets that are open, each there until its socket has closed. */
  readonly sessions: Set<LoginSession>
  /** Tells whether the server can log users in now, and if not, why. */
  findReadiness(): Promise<Readiness>
}

/** Builds the Koa app: HTTP routes, and the WebSocket route that logs users in. */
export function createApp(settings: AppSettings): WebSocketApp {
  const { log, admission, observer } = settings
  const app = websockify(new BoundedKoa(admission.limits.maxSockets, settings.tls), {
    verifyClient: ({ req }, decide) => {
      void decideUpgrade(req, admission, (refusal) => {
        if (!refusal) return decide(true)
        const { status, limit } = refusal
        observer.upgradeRefused(status)
        if (limit) observer.limitHit(limit)
        decide(false, status, STATUS_CODES[status], headersOf(refusal))
      })
    },
    maxPayload: admission.limits.maxMessageBytes,
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

function socketRoutes(settings: AppSettings): Router<DefaultState, SocketContext> {
  const { admission, sessions } = settings
  const router = new Router<DefaultState, SocketContext>()
  router.get(LOGIN_PATH, ({ websocket, req }) => {
    const address = admission.proxies.clientOf(req)
    admission.openSockets.add(address)
    const session = new LoginSession(
      new KoaSocket(websocket, address, req.headers.origin),
      settings,
    )
    sessions.add(session)
    // Registered before anything is awaited: a message that came meanwhile would be lost.
    websocket.on('message', (frame: Buffer, isBinary) => session.receive(frame, isBinary))
    websocket.on('close', () => {
      session.leave()
      sessions.delete(session)
      admission.openSockets.remove(address)
    })
  })
  return router
}
