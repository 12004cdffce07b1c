import type { Context } from 'koa'
import bodyParser from 'koa-bodyparser'
import Router from 'koa-router'
import { type AdmissionLimits, checkLoad } from '../login/admit-login.js'
import { LoginError } from '../login/errors.js'
import type { LoginEvents } from '../login/events.js'
import type { LoginLog, RenewalRecord } from '../login/login-log.js'
import { type RenewalSettings, renew } from '../login/renew.js'
import {
  ErrorCode,
  type HttpError,
  parseRenewalRequest,
  RENEWAL_PATH,
  type RenewalAnswer,
} from '../protocol.js'
import { allowPages } from './cors.js'
import type { RequestLimits } from './requests.js'
import { type AdmissionSettings, decideRequest, type Refusal } from './upgrade.js'

/** The most that a request's body may have: twice a renewal for an origin as long as names get. */
const MAX_BODY = '2kb'

/** What the endpoint of renewals needs. */
export interface RenewalRouteSettings extends RenewalSettings, AdmissionLimits {
  readonly admission: AdmissionSettings
  readonly loginLog: LoginLog
  readonly events?: LoginEvents | undefined
  readonly requestLimits: RequestLimits
  /** The renewals that run, each there until it is answered. */
  readonly renewals: Set<Promise<void>>
}

/** The HTTP status of each error that a renewal can have; those of bodies differ. */
const STATUSES: Partial<Record<ErrorCode, number>> = {
  bad_request: 400,
  renewal_refused: 401,
  denied: 403,
  rate_limited: 429,
  overloaded: 503,
  shutting_down: 503,
  hub_rejected: 503,
  internal: 500,
}

/** What is said of a body that holds no renewal, by its HTTP status. */
const BODY_TEXTS = {
  400: 'The body must be JSON: {"renewal":"…"}.',
  413: `The body is too large: it may have ${MAX_BODY}.`,
  415: 'The body must be JSON, with Content-Type: application/json.',
} as const

/** A body that holds no renewal. */
class BodyError extends LoginError {
  readonly status: keyof typeof BODY_TEXTS

  constructor(status: keyof typeof BODY_TEXTS) {
    super(ErrorCode.BadRequest, { text: BODY_TEXTS[status] })
    this.status = status
  }
}

/** The endpoint that renews API signatures. Whoever calls it has logged in before. */
export function renewalRoutes(settings: RenewalRouteSettings): Router {
  const { admission, loginLog, renewals } = settings
  const router = new Router({ strict: true })
  const pages = allowPages('POST', admission.allowedOrigins)
  router.options(RENEWAL_PATH, pages)
  router.post(RENEWAL_PATH, pages, async (ctx) => {
    const answered = answer(ctx, settings, loginLog.startRenewal())
    renewals.add(answered)
    await answered
    renewals.delete(answered)
  })
  return router
}

/** Answers a request, whatever becomes of it. Never rejects. */
async function answer(
  ctx: Context,
  settings: RenewalRouteSettings,
  record: RenewalRecord,
): Promise<void> {
  ctx.set('Cache-Control', 'no-store')
  try {
    const address = settings.admission.proxies.clientOf(ctx.req)
    await admit(ctx, address, settings)
    const source = { address, origin: ctx.req.headers.origin }
    const text = await readRenewal(ctx)
    const value = await renew(text, source, settings, (claims) => record.isGenuine(claims))
    const body: RenewalAnswer = { value, now: new Date().toISOString() }
    ctx.body = body
    record.succeeded()
  } catch (cause) {
    const error =
      cause instanceof LoginError ? cause : new LoginError(ErrorCode.Internal, { cause })
    answerError(ctx, error, record.id)
    if (error.limit) settings.events?.limitHit(error.limit)
    record.failed(error)
  }
}

/** Lets in whoever might log in as well. @throws LoginError */
async function admit(ctx: Context, address: string, settings: RenewalRouteSettings): Promise<void> {
  const refusal = await decideRequest(ctx.req, settings.admission, 'renewal')
  if (refusal?.status === 429) await settings.requestLimits.delayRefusal(ctx.req)
  if (refusal) throw explain(refusal)
  checkLoad(address, settings.loadShedding)
}

function explain({ status, ...details }: Refusal): LoginError {
  if (status === 429) return new LoginError(ErrorCode.RateLimited, details)
  if (status === 503) return new LoginError(ErrorCode.ShuttingDown, details)
  return new LoginError(ErrorCode.Denied, { text: 'This page may not log in here.' })
}

const parseBody = bodyParser({ enableTypes: ['json'], jsonLimit: MAX_BODY })

/** Reads the renewal in a request's body. @throws BodyError where there is none */
async function readRenewal(ctx: Context): Promise<string> {
  if (ctx.is('application/json') === false) throw new BodyError(415)
  try {
    await parseBody(ctx, async () => {})
  } catch (error) {
    // What can't be unpacked or parsed has many names; what the parser says would repeat it.
    const isTooLarge = error instanceof Error && 'status' in error && error.status === 413
    throw new BodyError(isTooLarge ? 413 : 400)
  }
  const renewal = parseRenewalRequest(ctx.request.body)
  if (renewal === undefined) throw new BodyError(400)
  return renewal
}

function answerError(ctx: Context, error: LoginError, id: string): void {
  const { code, message: value, retryAfter } = error
  if (retryAfter !== undefined) ctx.set('Retry-After', String(retryAfter))
  ctx.status = error instanceof BodyError ? error.status : (STATUSES[code] ?? 500)
  const body: HttpError = { code, value, retryAfter, id }
  ctx.body = body
}
