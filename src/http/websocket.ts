import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { DefaultState } from 'koa'
import Router from 'koa-router'
import type { SocketContext } from 'koa-websocket'
import type { VerifyClientCallbackAsync, WebSocket } from 'ws'
import { PING_BYTES, SocketTraffic } from '../limits/socket-traffic.js'
import type { Log } from '../log.js'
import { type AppSocket, LoginSession, type SessionSettings } from '../login/session.js'
import { CloseCode, LOGIN_PATH } from '../protocol.js'
import type { RequestLimits } from './requests.js'
import { type AdmissionSettings, decideUpgrade, headersOf } from './upgrade.js'

/** How much an app may leave unread before its socket is cut off, in bytes. */
const MAX_UNREAD_BYTES = 64 * 1024

/** What ws reports a message of too many fragments as. */
const TOO_MANY_FRAGMENTS = 'WS_ERR_TOO_MANY_BUFFERED_PARTS'

/** What the WebSocket endpoint needs. */
export interface SocketSettings extends SessionSettings {
  readonly log: Log
  readonly admission: AdmissionSettings
  readonly requestLimits: RequestLimits
  /** The sessions of the sockets that are open, each there until its socket has closed. */
  readonly sessions: Set<LoginSession>
}

/** How `ws` is told whether a request may become a WebSocket. */
type UpgradeAnswer = Parameters<VerifyClientCallbackAsync>[1]

/** Answers `ws` on whether a request may become a WebSocket. */
export function verifyUpgrade(
  request: IncomingMessage,
  { admission, requestLimits, events, log }: SocketSettings,
  answer: UpgradeAnswer,
): void {
  decideUpgrade(request, admission, async (refusal) => {
    if (!refusal) return answer(true)
    const { status, limit } = refusal
    events?.upgradeRefused(status)
    if (limit) events?.limitHit(limit)
    if (limit === 'requests_per_minute_per_ip') await requestLimits.delayRefusal(request)
    answer(false, status, STATUS_CODES[status], headersOf(refusal))
  }).catch((err: unknown) => log.error({ err }, 'upgrade failed'))
}

/** The WebSocket endpoint: a session for each socket. */
export function socketRoutes(settings: SocketSettings): Router<DefaultState, SocketContext> {
  const router = new Router<DefaultState, SocketContext>()
  router.get(LOGIN_PATH, ({ websocket, req }) => openSession(websocket, req, settings))
  return router
}

/** Runs a session on a WebSocket that was just opened, and bounds what comes on it. */
function openSession(
  websocket: WebSocket,
  request: IncomingMessage,
  settings: SocketSettings,
): void {
  const { sessions, events } = settings
  const { openSockets, penalties, proxies } = settings.admission
  const address = proxies.clientOf(request)
  const ofAddress = openSockets.add(address)
  const traffic = new SocketTraffic(ofAddress)
  let isFlooding = false

  const closeFlood = (): void => {
    isFlooding = true
    penalties.countFlood(address)
    websocket.close(CloseCode.PolicyViolation)
    // Nothing more is read: ws would go on until the app answers, or a second has passed.
    websocket.pause()
  }
  const refuseBytes = (): void => {
    if (isFlooding) return
    events?.limitHit('bytes_per_login')
    session.disconnected()
    closeFlood()
  }

  const socket: AppSocket = {
    address,
    origin: request.headers.origin,
    send(text) {
      websocket.send(text)
      // An app that asks on and on without reading would have us keep all the answers.
      if (websocket.bufferedAmount > MAX_UNREAD_BYTES) websocket.terminate()
    },
    close: (code) => websocket.close(code),
    closeFlood,
    loginEnded: () => traffic.loginEnded(),
  }
  const session = new LoginSession(socket, settings)
  sessions.add(session)
  // Registered before anything is awaited: a message that came meanwhile would be lost.
  websocket.on('message', (frame: Buffer, isBinary) => session.receive(frame, isBinary))
  // Beneath ws, which tells neither of fragments nor of frames that it drops.
  request.socket.prependListener('data', (chunk: Buffer) => {
    if (traffic.add(chunk.length)) refuseBytes()
  })
  websocket.on('ping', () => {
    if (traffic.add(PING_BYTES)) refuseBytes()
  })
  websocket.on('error', (error: Error & { code?: unknown }) => {
    if (error.code === TOO_MANY_FRAGMENTS) refuseBytes()
  })
  websocket.on('close', () => {
    session.disconnected()
    sessions.delete(session)
    openSockets.remove(ofAddress)
  })
}
