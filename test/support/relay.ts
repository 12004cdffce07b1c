import { connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { listen } from './ports.js'

/** What stands between a server and its Hub: a long way, which can also hold everything up. */
export interface Relay {
  /** The Hub's address by this way. */
  readonly url: string
  /** How many connections there have been. */
  readonly connections: number
  /** Lets nothing through in either direction. New connections are taken, and then wait too. */
  hold(): void
  /** Lets everything through again, first what was held up. */
  resume(): void
}

/**
 * Starts a relay to a Hub, which ends with the test.
 *
 * @param url - where the Hub really is, at 127.0.0.1
 * @param delayMs - how long each direction takes; by 0 no timer is needed
 */
export async function startRelay(url: string, delayMs = 0): Promise<Relay> {
  const sockets = new Set<Socket>()
  let isHeld = false
  let connections = 0

  const later = (act: () => void) => {
    if (delayMs > 0) setTimeout(act, delayMs)
    else act()
  }
  const pass = (from: Socket, to: Socket) => {
    sockets.add(from)
    if (isHeld) from.pause()
    from
      .setNoDelay(true)
      .on('data', (data) => later(() => to.writable && to.write(data)))
      .on('end', () => later(() => to.end()))
      .on('error', () => to.destroy())
      .on('close', () => {
        sockets.delete(from)
        later(() => to.destroy())
      })
  }

  const server = createServer((near) => {
    connections += 1
    const far = connect(Number(new URL(url).port), '127.0.0.1')
    pass(near, far)
    pass(far, near)
  })
  const port = await listen(server)
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return {
    url: `${new URL(url).protocol}//127.0.0.1:${port}`,
    get connections() {
      return connections
    },
    hold() {
      isHeld = true
      for (const socket of sockets) socket.pause()
    },
    resume() {
      isHeld = false
      for (const socket of sockets) socket.resume()
    },
  }
}
