import { WebSocket } from 'ws'

/** Makes a class of sockets that keeps count of its own. */
export function trackSockets() {
  const closed: Promise<void>[] = []
  class TrackedWebSocket extends WebSocket {
    constructor(url: string) {
      super(url)
      closed.push(new Promise((resolve) => this.once('close', () => resolve())))
    }
  }
  return {
    WebSocket: TrackedWebSocket,
    /** Waits until every socket is closed. A leaked one makes the test run into its timeout. */
    async allClosed(): Promise<void> {
      await Promise.all(closed)
    },
  }
}
