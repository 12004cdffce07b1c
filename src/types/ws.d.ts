import 'ws'

// ws has had this option since 8.19; its types lack it.
declare module 'ws' {
  namespace WebSocket {
    interface ClientOptions {
      /** How long the peer may take to answer a close frame, in ms. */
      closeTimeout?: number | undefined
    }
    interface ServerOptions {
      /** How long the peer may take to answer a close frame, in ms. */
      closeTimeout?: number | undefined
    }
  }
}
