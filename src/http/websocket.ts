import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { DefaultState } from 'koa'
import Router from 'koa-router'
import type { SocketContext } from 'koa-websocket'
import type { VerifyClientCallbackAsync } from 'ws'
import type { Log } from '../log.js'
import { LOGIN_PATH } from '../protocol.js'
import { openLoginSocket, type SocketSettings } from './login-socket.js'
import type { RequestLimits } from './requests.js'
import { decideUpgrade, headersOf } from './upgrade.js'

/** What the WebSocket endpoint needs. */
export interface EndpointSettings extends SocketSettings {
  readonly log: Log
  readonly requestLimits: RequestLimits
}

/** How `ws` is told whether a request may become a WebSocket. */
type UpgradeAnswer = Parameters<VerifyClientCallbackAsync>[1]

/** Answers `ws` on whether a request may become a WebSocket. */
export function verifyUpgrade(
  request: IncomingMessage,
  { admission, events, log, requestLimits }: EndpointSettings,
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
  router.get(LOGIN_PATH, ({ websocket, req }) => openLoginSocket(websocket, req, settings))
  return router
}
