import type { IncomingMessage } from 'node:http'
import type { WebSocket } from 'ws'
import { PING_BYTES, SocketTraffic } from '../limits/socket-traffic.js'
import { type AppSocket, LoginSession, type SessionSettings } from '../login/session.js'
import { CloseCode } from '../protocol.js'
import type { AdmissionSettings } from './upgrade.js'

/** How much an app may leave unread before its socket is cut off, in bytes. */
const MAX_UNREAD_BYTES = 64 * 1024

/** What ws reports a message of too many fragments as. */
const TOO_MANY_FRAGMENTS = 'WS_ERR_TOO_MANY_BUFFERED_PARTS'

/** What a socket needs beside itself. */
export interface SocketSettings extends SessionSettings {
  readonly admission: AdmissionSettings
  /** The sessions of the sockets that are open, each there until its socket has closed. */
  readonly sessions: Set<LoginSession>
}

/** Runs a session on a WebSocket that was just opened, and bounds what comes on it. */
export function openLoginSocket(
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
