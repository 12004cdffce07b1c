import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { DefaultState, Middleware } from 'koa'
import bodyParser from 'koa-bodyparser'
import json from 'koa-json'
import logger from 'koa-logger'
import Router from 'koa-router'
import websockify, { type SocketContext, type WebSocketApp } from 'koa-websocket'
import type { VerifyClientCallbackAsync } from 'ws'
import type { Log } from '../log.js'
import type { Readiness } from '../login/events.js'
import { type AppSocket, LoginSession, type SessionSettings } from '../login/session.js'
import { LOGIN_PATH } from '../protocol.js'
import { answerErrors } from './errors.js'
import { BoundedKoa, CLOSE_TIMEOUT_MS, type TlsFiles } from './listener.js'
import { simpleAuthRoutes } from './simple-auth.js'
import { type AdmissionSettings, decideUpgrade, headersOf } from './upgrade.js'

/** The most that a request's body may have. No route takes one yet, so it is small. */
const MAX_BODY = '1kb'

/** How much an app may leave unread before its socket is cut off, in bytes. */
const MAX_UNREAD_BYTES = 64 * 1024

/** koa-logger's line for a response has this many parts: format, method, path, status, time, size. */
const RESPONSE_PARTS = 6

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
export function createApp(settings: AppSettings): BoundedKoa & WebSocketApp {
  const { log, admission } = settings
  const app = websockify(new BoundedKoa(admission.limits.maxSockets, settings.tls), {
    verifyClient: ({ req }, decide) => verifyUpgrade(req, settings, decide),
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

/** Logs each HTTP request when it is answered, at level `debug`. */
function logRequests(log: Log): Middleware {
  return logger((_line, parts) => {
    const [, method, path, status, time] = parts
    if (parts.length === RESPONSE_PARTS) log.debug({ method, path, status, time }, 'request')
  })
}

/** How `ws` is told whether a request may become a WebSocket. */
type UpgradeAnswer = Parameters<VerifyClientCallbackAsync>[1]

/** Answers `ws` on whether a request may become a WebSocket. */
function verifyUpgrade(
  request: IncomingMessage,
  { admission, events, log }: AppSettings,
  answer: UpgradeAnswer,
): void {
  decideUpgrade(request, admission, (refusal) => {
    if (!refusal) return answer(true)
    const { status, limit } = refusal
    events.upgradeRefused(status)
    if (limit) events.limitHit(limit)
    answer(false, status, STATUS_CODES[status], headersOf(refusal))
  }).catch((err: unknown) => log.error({ err }, 'upgrade failed'))
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
    const socket: AppSocket = {
      address,
      origin: req.headers.origin,
      send(text) {
        websocket.send(text)
        // An app that asks on and on without reading would have us keep all the answers.
        if (websocket.bufferedAmount > MAX_UNREAD_BYTES) websocket.terminate()
      },
      close: (code) => websocket.close(code),
    }
    const session = new LoginSession(socket, settings)
    sessions.add(session)
    // Registered before anything is awaited: a message that came meanwhile would be lost.
    websocket.on('message', (frame: Buffer, isBinary) => session.receive(frame, isBinary))
    websocket.on('close', () => {
      session.disconnected()
      sessions.delete(session)
      admission.openSockets.remove(address)
    })
  })
  return router
}
