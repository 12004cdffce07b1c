/** The parts of koa-websocket 7 that are used here; the published types know an older `ws`. */
declare module 'koa-websocket' {
  import type { Server } from 'node:http'
  import type { ServerOptions as HttpsOptions } from 'node:https'
  import type Koa from 'koa'
  import type { ServerOptions, WebSocket, WebSocketServer } from 'ws'

  /** What the middleware of a socket's upgrade finds in its context. */
  interface SocketContext {
    websocket: WebSocket
  }

  /** A Koa app that takes WebSocket upgrades too. */
  interface WebSocketApp extends Koa {
    /** The HTTP server, from `listen` on. */
    readonly server?: Server
    readonly ws: {
      /** The WebSocket server, from `listen` on. */
      readonly server?: WebSocketServer
      use<State = Koa.DefaultState, Context = Koa.DefaultContext>(
        middleware: Koa.Middleware<State, Context & SocketContext>,
      ): this
    }
  }

  /** Makes the `listen` of an app serve sockets too, and returns that app; with `httpsOptions` it serves TLS. */
  export default function websockify<App extends Koa>(
    app: App,
    socketOptions?: ServerOptions,
    httpsOptions?: HttpsOptions,
  ): App & WebSocketApp
}
