import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A way to a Hub that is far off. */
export interface FarHub {
  readonly port: number
  close(): void
}

/**
 * Puts a Hub so far away: each direction takes half of the round trip, and to connect takes one
 * round trip more.
 *
 * @param hubPort - where the Hub really is, at 127.0.0.1
 * @param roundTripMs - how far away it shall be
 */
export async function moveAway(hubPort: number, roundTripMs: number): Promise<FarHub> {
  const server = createServer({ pauseOnConnect: true }, (near) => {
    // What comes after the handshake of TCP has taken its round trip.
    setTimeout(() => {
      const far = connect(hubPort, '127.0.0.1')
      relay(near, far, roundTripMs / 2)
      relay(far, near, roundTripMs / 2)
      near.resume()
    }, roundTripMs)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('not a TCP server')
  return { port: address.port, close: () => server.close() }
}

/** Passes on what comes, late, and in order. */
function relay(from: Socket, to: Socket, delayMs: number): void {
  from.setNoDelay(true)
  from.on('data', (data) => setTimeout(() => to.writable && to.write(data), delayMs))
  from.on('end', () => setTimeout(() => to.end(), delayMs))
  from.on('error', () => to.destroy())
  from.on('close', () => setTimeout(() => to.destroy(), delayMs))
}
