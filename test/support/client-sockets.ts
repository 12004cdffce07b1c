import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** The sockets by which this process has connected to one port. */
export interface ClientSockets {
  /** How many there are now, those that connect or close among them. */
  readonly open: number
  /** The most there ever were at one time. */
  readonly most: number
}

/** Counts the sockets to a URL's port that are made from now on, until the test ends. */
export function countClientSockets(url: string): ClientSockets {
  const port = Number(new URL(url).port)
  let open = 0
  let most = 0
  const onSocket = (message: unknown) => {
    if (typeof message !== 'object' || message === null || !('socket' in message)) return
    const { socket } = message
    if (!(socket instanceof Socket)) return
    socket.once('connectionAttempt', (_address: string, itsPort: number) => {
      if (itsPort !== port) return
      open += 1
      most = Math.max(most, open)
      socket.once('close', () => {
        open -= 1
      })
    })
  }
  subscribe('net.client.socket', onSocket)
  onTestFinished(() => {
    unsubscribe('net.client.socket', onSocket)
  })
  return {
    get open() {
      return open
    },
    get most() {
      return most
    },
  }
}
