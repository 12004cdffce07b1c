import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { Server as TlsServer } from 'node:tls'
import { toMilliseconds } from '../deadline.js'
import type { CallSource } from '../demo/call-source.js'
import type { DemoPage } from '../demo/demo.js'
import { GuardedHub } from '../hub/guarded-hub.js'
import type { Hub } from '../hub/hub.js'
import { ServerKey } from '../hub/server-key.js'
import type { ApiKey } from '../keys/api-signature.js'
import { EventLoopWatch } from '../limits/event-loop.js'
import { LimitedLog } from '../limits/limited-log.js'
import { completeLimits, type Limits } from '../limits/limits.js'
import { LoadShedding } from '../limits/load-shedding.js'
import { OpenFilesWatch } from '../limits/open-files.js'
import { OpenSockets } from '../limits/open-sockets.js'
import { Penalties } from '../limits/penalties.js'
import { type OpenLimiter, RateLimits } from '../limits/rate-limits.js'
import { type Log, printable } from '../log.js'
import type { LoginEvents, Readiness, ServerCounts } from '../login/events.js'
import { LoginLog } from '../login/login-log.js'
import { PendingLogins } from '../login/pending-logins.js'
import type { LoginSession } from '../login/session.js'
import { LOGIN_PATH } from '../protocol.js'
import type { Authorize } from '../users/authorize.js'
import type { UserStore } from '../users/user-store.js'
import { TrustedProxies } from './client-address.js'
import { onlyKnownHosts } from './known-hosts.js'
import { addressOf, CLOSE_TIMEOUT_MS } from './listener.js'
import { type AllowedOrigins, isLoopback, isLoopbackHost } from './origins.js'
import { RequestLimits } from './requests.js'
import { createApp } from './routes.js'
import { secureContextOf, type TlsFiles } from './tls.js'
import type { AdmissionSettings } from './upgrade.js'
import { filterUpgrades } from './upgrade-requests.js'

/** What the demo page needs to know. */
export interface DemoOptions {
  /** The Hub's gRPC-web endpoint as browsers reach it, `http:` or `https:`. */
  readonly hubUrl: string
  /** The calls that the Hub has answered, where that can be told. */
  readonly calls?: CallSource | undefined
}

/** The share of the Hub's calls that pending logins may hold: the rest is for those that begin. */
const PENDING_SHARE = 0.8

/** What is logged of an entry in `X-Forwarded-For` that is no address. */
const UNREADABLE_ENTRY =
  'X-Forwarded-For: a trusted proxy sent an entry that is no address; such clients count as the proxy'

/** What a login server needs. */
export interface ServerOptions {
  /** TCP port; 0 takes a free one. */
  readonly port: number
  /** Address to listen on; every interface where missing. */
  readonly host?: string | undefined
  readonly log: Log
  readonly hub: Hub
  /** The server's own key at the Hub: one that counts as confirmed, or one that is checked. */
  readonly apiKey: ApiKey | ServerKey
  /** How long the Hub may take for each of a login's two steps, in seconds. */
  readonly hubTimeout: number
  /** How long an app may take to sign, in seconds. */
  readonly challengeTimeout: number
  /** How long the API signature of a `UserAuth` is valid, in seconds. */
  readonly userAuthTtl: number
  /** How long after a login its API signature may be renewed, in seconds; 0 for not at all. */
  readonly renewalTtl: number
  /** Limits other than the usual ones. */
  readonly limits?: Partial<Limits>
  /** Where users are kept, and who of them is blocked; nowhere where missing. Stays open. */
  readonly users?: UserStore | undefined
  /** Decides on every user, at the end of a login; everybody may log in where missing. */
  readonly authorize?: Authorize | undefined
  /** Makes what rates are counted with; in memory where missing. */
  readonly openLimiter?: OpenLimiter | undefined
  /** Whose pages may log users in; those of this machine where missing. */
  readonly allowedOrigins?: AllowedOrigins
  /** Proxies whose `X-Forwarded-For` is believed: addresses, or ranges in CIDR notation. */
  readonly trustedProxies?: readonly string[]
  /** What to serve https and wss with; it is http and ws where missing. */
  readonly tls?: TlsFiles | undefined
  /** Whether `GET /api/userauth` gives credentials without identity; it doesn't where missing. */
  readonly simpleAuth?: boolean | undefined
  /** The demo page at `/`; none where missing. */
  readonly demo?: DemoOptions | undefined
  /** Are told what happens; nobody where missing. */
  readonly events?: LoginEvents | undefined
}

/** A login server that listens. */
export interface LoginServer {
  /** Address of its WebSocket endpoint, as seen from this machine. */
  readonly url: string
  /** Counts what is open. */
  count(): ServerCounts
  /**
   * Serves connections that are opened from now on with another certificate; the others stay.
   *
   * @throws TypeError where the server doesn't serve TLS
   */
  replaceCertificate(tls: TlsFiles): void
  /**
   * Stops: takes no further sockets, lets logins that run end, within the time that there is for
   * that, and returns when the last connection is gone.
   */
  close(): Promise<void>
}

/**
 * Starts a login server, which listens when the promise fulfils.
 *
 * @throws the system's error where the address can't be listened on, such as `EADDRINUSE`
 */
export async function startServer(options: ServerOptions): Promise<LoginServer> {
  const { port, host, demo, apiKey, tls, events } = options
  const log = new LimitedLog(options.log)
  const limits = completeLimits(options.limits)
  const hub = new GuardedHub(options.hub, { ...limits, hubTimeout: options.hubTimeout })
  const serverKey = apiKey instanceof ServerKey ? apiKey : new ServerKey(apiKey)
  const loginLog = new LoginLog(log, events)
  const hubShare = () => PENDING_SHARE * (options.hub.capacity ?? Number.POSITIVE_INFINITY)
  const pendingLogins = new PendingLogins(() => Math.min(limits.maxWaitingLogins, hubShare()))
  const rateLimits = new RateLimits(limits, options.openLimiter)
  const openSockets = new OpenSockets()
  const loadShedding = new LoadShedding(openSockets)
  const eventLoop = new EventLoopWatch((isLagging) => loadShedding.endSecond(isLagging))
  const openFiles = new OpenFilesWatch(log)
  const proxies = new TrustedProxies(options.trustedProxies, (entry) => {
    log.warn({ entry: printable(entry) }, UNREADABLE_ENTRY)
  })
  const requestLimits = new RequestLimits({
    renewalTtl: options.renewalTtl,
    limits,
    proxies,
    rateLimits,
    events,
    log,
  })
  const sessions = new Set<LoginSession>()
  const renewals = new Set<Promise<void>>()
  const admission: AdmissionSettings = {
    limits,
    rateLimits,
    openSockets,
    penalties: new Penalties(),
    log,
    allowedOrigins: options.allowedOrigins ?? 'local',
    isLocal: host !== undefined && isLoopback(host),
    proxies,
    isDraining: false,
  }
  const count = (): ServerCounts => ({
    logins: loginLog.running,
    waiting: pendingLogins.size,
    sockets: openSockets.total,
    connections: requestLimits.connections.total,
    hubCalls: hub.callsInFlight,
    renewals: renewals.size,
  })
  const findReadiness = async (): Promise<Readiness> => {
    if (admission.isDraining) return 'draining'
    return hub.isDown ? 'hub_unavailable' : serverKey.findReadiness()
  }

  const app = createApp({
    ...options,
    log,
    hub,
    serverKey,
    idleTimeout: limits.idleTimeout,
    loginLog,
    events,
    pendingLogins,
    rateLimits,
    loadShedding,
    sessions,
    requestLimits,
    renewals,
    admission,
    findReadiness,
  })
  let demoPage: DemoPage | undefined
  if (demo) {
    // The page's libraries are loaded only where there is a page.
    const { serveDemo } = await import('../demo/demo.js')
    app.use(onlyKnownHosts(admission.allowedOrigins, log))
    demoPage = await serveDemo(app, demo.hubUrl, demo.calls, isLoopbackHost)
  }
  const server = app.listen({ port, host })
  filterUpgrades(server)
  // ws repeats the HTTP server's errors, and a repetition that nobody hears ends the process.
  app.ws.server?.on('error', () => {})
  await once(server, 'listening').catch((error: unknown) => {
    eventLoop.close()
    openFiles.close()
    throw error
  })

  events?.serverOpened({ limits, count, findReadiness, isHubDown: () => hub.isDown })
  return {
    url: `${tls ? 'wss' : 'ws'}://${addressOf(server.address())}${LOGIN_PATH}`,
    count,
    replaceCertificate(replacement) {
      if (!(server instanceof TlsServer)) throw new TypeError('the server serves no TLS')
      server.setSecureContext(secureContextOf(replacement))
    },
    async close() {
      // It listens on while it drains, so that whoever comes is told to go elsewhere.
      admission.isDraining = true
      await drain(sessions, renewals, limits.shutdownTimeout)
      const closed = once(server, 'close')
      server.close()
      demoPage?.close()
      // Browsers open connections ahead of need, which never count as idle.
      const impatience = setTimeout(() => requestLimits.connections.destroyAll(), CLOSE_TIMEOUT_MS)
      await closed
      clearTimeout(impatience)
      eventLoop.close()
      openFiles.close()
      log.close()
    },
  }
}

/**
 * Ends all sessions: those without a login at once, the others when their logins have ended, and
 * whatever is left when the time is up. Waits for renewals, too, which have deadlines of their own.
 *
 * @param seconds - how long logins and renewals may run on
 */
async function drain(
  sessions: ReadonlySet<LoginSession>,
  renewals: ReadonlySet<Promise<void>>,
  seconds: number,
): Promise<void> {
  const timeUp = new AbortController()
  const { signal } = timeUp
  const drained = Promise.all([...[...sessions].map((session) => session.drain()), ...renewals])
  await Promise.race([
    drained,
    wait(toMilliseconds(seconds), undefined, { signal }).catch(() => {}),
  ])
  timeUp.abort()
  for (const session of sessions) session.stop()
}
