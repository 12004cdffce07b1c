import type { Context } from 'koa'
import Router from 'koa-router'
import type { ServerKey } from '../hub/server-key.js'
import { signUserAuth } from '../keys/api-signature.js'
import { RETRY_AFTER } from '../limits/limits.js'
import type { LoginEvents, Readiness } from '../login/events.js'
import { allowPages } from './cors.js'
import { answerStatus } from './errors.js'
import { onlyKnownHosts } from './known-hosts.js'
import { type AdmissionSettings, decideRequest, headersOf, type Refusal } from './upgrade.js'

/** Path of the simple way, as Textile's tutorial has it. */
const SIMPLE_AUTH_PATH = '/api/userauth'

/** What the simple way needs. */
export interface SimpleAuthSettings {
  readonly admission: AdmissionSettings
  readonly events?: LoginEvents | undefined
  /** How long the API signature is valid, in seconds. */
  readonly userAuthTtl: number
  /** The server's own key at the Hub. */
  readonly serverKey: Pick<ServerKey, 'apiKey'>
  /** Tells whether the Hub is there and the key has passed its check. */
  findReadiness(): Promise<Readiness>
}

/**
 * The tutorial's way without identity, for apps that migrate: a `UserAuth` without token to
 * whoever asks. Nobody proves anything to this server; an app gets itself a token at the Hub.
 */
export function simpleAuthRoutes(settings: SimpleAuthSettings): Router {
  const router = new Router({ strict: true })
  const { allowedOrigins, log } = settings.admission
  const pages = allowPages('GET', allowedOrigins)
  router.get(SIMPLE_AUTH_PATH, onlyKnownHosts(allowedOrigins, log), pages, async (ctx) => {
    ctx.set('Cache-Control', 'no-store')
    const refusal = await decideRequest(ctx.req, settings.admission)
    if (refusal?.limit) settings.events?.limitHit(refusal.limit)
    if (refusal) return refuse(ctx, refusal)
    // A key that wasn't checked may be one that lets everybody act as its owner.
    const isReady = (await settings.findReadiness()) === 'ready'
    if (!isReady) return refuse(ctx, { status: 503, retryAfter: RETRY_AFTER })
    ctx.body = signUserAuth(settings.serverKey.apiKey, settings.userAuthTtl)
  })
  return router
}

function refuse(ctx: Context, refusal: Refusal): void {
  ctx.set(headersOf(refusal))
  answerStatus(ctx, refusal.status)
}
