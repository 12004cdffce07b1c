import 'ws'

// ws has had these options since 8.19 and 8.21; its types lack them.
declare module 'ws' {
  namespace WebSocket {
    interface ClientOptions {
      /** How long the peer may take to answer a close frame, in ms. */
      closeTimeout?: number | undefined
    }
    interface ServerOptions {
      /** The most fragments that a message may come in; then the socket is closed with 1008. */
      maxFragments?: number | undefined
      /** How many pongs may wait to be sent before the socket is cut off; 0 for any number. */
      maxPendingAutoPongs?: number | undefined
      /** How long the peer may take to answer a close frame, in ms. */
      closeTimeout?: number | undefined
    }
  }
}
