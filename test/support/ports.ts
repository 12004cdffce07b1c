import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { onTestFinished } from 'vitest'

/** Has a server listen, on a free port if on none in particular, and returns its port. */
export async function listen(server: Server, port = 0): Promise<number> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('not a TCP server')
  return address.port
}

/** A port that was free a moment ago: for a server that shall come up later. */
export async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  server.close()
  await once(server, 'close')
  return port
}

/** A port that stays taken until the test ends. */
export async function takenPort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  onTestFinished(() => {
    server.close()
  })
  return port
}
