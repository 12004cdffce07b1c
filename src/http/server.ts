import { once } from 'node:events'
import { Server as TlsServer } from 'node:tls'
import type { DemoOptions } from '../demo/demo.js'
import type { ApiKey } from '../hub/api-key.js'
import { GuardedHub } from '../hub/guarded-hub.js'
import type { Hub } from '../hub/hub.js'
import type { HubReadiness } from '../hub/server-key.js'
import { EventLoopWatch } from '../limits/event-loop.js'
import { completeLimits, type Limits } from '../limits/limits.js'
import { type OpenLimiter, RateLimits } from '../limits/rate-limits.js'
import type { Log } from '../log.js'
import { Doorkeeper } from '../login/authorize-user.js'
import { drain } from '../login/drain.js'
import { NO_OBSERVER, type Observer, type Readiness, type ServerCounts } from '../login/events.js'
import { LoginLog } from '../login/login-log.js'
import { WaitingRoom } from '../login/pending-logins.js'
import type { LoginSession } from '../login/session.js'
import { LOGIN_PATH } from '../protocol.js'
import type { Authorize } from '../users/authorize.js'
import type { UserStore } from '../users/user-store.js'
import { TrustedProxies } from './client-address.js'
import { addressOf } from './listen-address.js'
import { isLoopback } from './loopback.js'
import { OpenConnections } from './open-connections.js'
import { OpenSockets } from './open-sockets.js'
import type { AllowedOrigins } from './origins.js'
import { CLOSE_TIMEOUT_MS, createApp } from './routes.js'
import { secureContextOf, type TlsFiles } from './tls.js'

/** What a login server needs. */
export interface ServerOptions {
  /** TCP port; 0 takes a free one. */
  readonly port: number
  /** Address to listen on; every interface where missing. */
  readonly host?: string | undefined
  readonly log: Log
  readonly hub: Hub
  /** The server's own key at the Hub; a function is asked for it at the start of each login. */
  readonly apiKey: ApiKey | (() => ApiKey)
  /** How long the Hub may take for each of a login's two steps, in seconds. */
  readonly hubTimeout: number
  /** How long an app may take to sign, in seconds. */
  readonly challengeTimeout: number
  /** How long the API signature of a `UserAuth` is good, in seconds. */
  readonly userAuthTtl: number
  /** Limits other than the usual ones. */
  readonly limits?: Partial<Limits>
  /** Where users are kept, and who of them is blocked; nowhere where missing. Stays open. */
  readonly users?: UserStore | undefined
  /** Decides on every user, at the end of a login; everybody may come in where missing. */
  readonly authorize?: Authorize | undefined
  /** Makes what rates are counted with; in memory where missing. */
  readonly openLimiter?: OpenLimiter | undefined
  /** Whose pages may log users in; those of this machine where missing. */
  readonly allowedOrigins?: AllowedOrigins
  /** Proxies whose `X-Forwarded-For` is believed: addresses, or ranges in CIDR notation. */
  readonly trustedProxies?: readonly string[]
  /** Tells whether the server can do its work, as far as its Hub goes; it can where missing. */
  findHubReadiness?(): Promise<HubReadiness>
  /** What to serve https and wss with; it is http and ws where missing. */
  readonly tls?: TlsFiles | undefined
  /** Whether `GET /api/userauth` gives credentials without identity; it doesn't where missing. */
  readonly simpleAuth?: boolean | undefined
  /** The demo page at `/`; none where missing. */
  readonly demo?: DemoOptions | undefined
  /** Is told what happens; nobody where missing. */
  readonly observer?: Observer | undefined
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
 * Starts a login server.
 *
 * @throws the system's error where the address can't be listened on, such as `EADDRINUSE`
 */
export async function createServer(options: ServerOptions): Promise<LoginServer> {
  const { port, host, log, demo, apiKey, tls, observer = NO_OBSERVER } = options
  const limits = completeLimits(options.limits)
  const hub = new GuardedHub(options.hub, { ...limits, hubTimeout: options.hubTimeout })
  const loginLog = new LoginLog(log, observer)
  const waitingRoom = new WaitingRoom(limits.maxWaitingLogins)
  const rateLimits = new RateLimits(limits, options.openLimiter)
  const openSockets = new OpenSockets()
  const doorkeeper = new Doorkeeper({ ...options, rateLimits })
  const eventLoop = new EventLoopWatch()
  const sessions = new Set<LoginSession>()
  let isDraining = false
  const count = (): ServerCounts => ({
    logins: loginLog.running,
    waiting: waitingRoom.size,
    sockets: openSockets.total,
    hubCalls: hub.callsInFlight,
  })
  const findReadiness = async (): Promise<Readiness> => {
    if (isDraining) return 'draining'
    if (hub.isDown) return 'hub_unavailable'
    return (await options.findHubReadiness?.()) ?? 'ready'
  }

  const app = createApp({
    hub,
    doorkeeper,
    currentApiKey: typeof apiKey === 'function' ? apiKey : () => apiKey,
    challengeTimeout: options.challengeTimeout,
    userAuthTtl: options.userAuthTtl,
    idleTimeout: limits.idleTimeout,
    tls,
    simpleAuth: options.simpleAuth,
    log,
    loginLog,
    observer,
    waitingRoom,
    rateLimits,
    eventLoop,
    sessions,
    admission: {
      limits,
      rateLimits,
      openSockets,
      allowedOrigins: options.allowedOrigins ?? 'local',
      isLocal: host !== undefined && isLoopback(host),
      proxies: new TrustedProxies(options.trustedProxies),
      isDraining: () => isDraining,
    },
    findReadiness,
  })
  if (demo) {
    // The page's libraries are loaded only where there is a page.
    const { serveDemo } = await import('../demo/demo.js')
    serveDemo(app, demo)
  }
  const server = app.listen({ port, host })
  const connections = new OpenConnections(server)
  // ws repeats the HTTP server's errors, and a repetition that nobody hears ends the process.
  app.ws.server?.on('error', () => {})
  await once(server, 'listening').catch((error: unknown) => {
    eventLoop.close()
    throw error
  })

  observer.serverOpened({ limits, count, findReadiness, isHubDown: () => hub.isDown })
  return {
    url: `${tls ? 'wss' : 'ws'}://${addressOf(server.address())}${LOGIN_PATH}`,
    count,
    replaceCertificate(replacement) {
      if (!(server instanceof TlsServer)) throw new TypeError('the server serves no TLS')
      server.setSecureContext(secureContextOf(replacement))
    },
    async close() {
      // It listens on while it drains, so that whoever comes is told to go elsewhere.
      isDraining = true
      await drain(sessions, limits.shutdownTimeout)
      const closed = once(server, 'close')
      server.close()
      // Browsers open connections ahead of need, which never count as idle.
      const impatience = setTimeout(() => connections.destroy(), CLOSE_TIMEOUT_MS)
      await closed
      clearTimeout(impatience)
      eventLoop.close()
    },
  }
}
