import Koa, { type DefaultState } from 'koa'
import bodyParser from 'koa-bodyparser'
import json from 'koa-json'
import Router from 'koa-router'
import websockify, { type SocketContext, type WebSocketApp } from 'koa-websocket'
import type { Log } from '../log.js'
import { LOGIN_PATH } from '../protocol.js'
import { admit } from './admission.js'
import { answerErrors } from './error-answers.js'
import { LoginSession, type SessionSettings } from './login-session.js'
import { logRequests } from './request-log.js'

/** The most that a request's body may have. No route takes one yet, so it is small. */
const MAX_BODY = '1kb'

/** How long a client may take to let go of a connection that is being closed, in ms. */
export const CLOSE_TIMEOUT_MS = 1_000

/** Builds the Koa app: HTTP routes, and the WebSocket route that logs users in. */
export function createApp(settings: SessionSettings, log: Log): WebSocketApp {
  const app = websockify(new Koa(), {
    verifyClient: admit,
    closeTimeout: CLOSE_TIMEOUT_MS,
    perMessageDeflate: false,
  })
  app.on('error', (err) => log.error({ err }, 'request failed'))
  app.use(logRequests(log))
  app.use(answerErrors)
  app.use(json({ pretty: false, param: 'pretty' }))
  app.use(bodyParser({ enableTypes: ['json'], jsonLimit: MAX_BODY }))
  app.use(httpRoutes().routes())
  app.ws.use(socketRoutes(settings).routes())
  return app
}

function httpRoutes(): Router {
  const router = new Router({ strict: true })
  router.get('/health', (ctx) => {
    ctx.body = { status: 'ok' }
  })
  return router
}

function socketRoutes(settings: SessionSettings): Router<DefaultState, SocketContext> {
  const router = new Router<DefaultState, SocketContext>()
  router.get(LOGIN_PATH, ({ websocket }) => {
    const session = new LoginSession(websocket, settings)
    // Registered before anything is awaited: a message that came meanwhile would be lost.
    websocket.on('message', (frame: Buffer, isBinary) => session.receive(frame, isBinary))
    websocket.on('close', () => session.leave())
  })
  return router
}
