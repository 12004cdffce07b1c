import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { DefaultState } from 'koa'
import Router from 'koa-router'
import type { SocketContext } from 'koa-websocket'
import type { VerifyClientCallbackAsync } from 'ws'
import type { LineWriter } from '../log.js'
import { type AppSocket, LoginSession, type SessionSettings } from '../login/session.js'
import { LOGIN_PATH } from '../protocol.js'
import { type AdmissionSettings, decideUpgrade, headersOf } from './upgrade.js'

/** How much an app may leave unread before its socket is cut off, in bytes. */
const MAX_UNREAD_BYTES = 64 * 1024

/** What the WebSocket endpoint needs. */
export interface SocketSettings extends SessionSettings {
  readonly log: LineWriter
  readonly admission: AdmissionSettings
  /** The sessions of the sockets that are open, each there until its socket has closed. */
  readonly sessions: Set<LoginSession>
}

/** How `ws` is told whether a request may become a WebSocket. */
type UpgradeAnswer = Parameters<VerifyClientCallbackAsync>[1]

/** Answers `ws` on whether a request may become a WebSocket. */
export function verifyUpgrade(
  request: IncomingMessage,
  { admission, events, log }: SocketSettings,
  answer: UpgradeAnswer,
): void {
  decideUpgrade(request, admission, (refusal) => {
    if (!refusal) return answer(true)
    const { status, limit } = refusal
    events?.upgradeRefused(status)
    if (limit) events?.limitHit(limit)
    answer(false, status, STATUS_CODES[status], headersOf(refusal))
  }).catch((err: unknown) => log.error({ err }, 'upgrade failed'))
}

/** The WebSocket endpoint: a session for each socket. */
export function socketRoutes(settings: SocketSettings): Router<DefaultState, SocketContext> {
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
