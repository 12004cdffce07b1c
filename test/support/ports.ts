import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { onTestFinished } from 'vitest'

async function listen(): Promise<{ server: Server; port: number }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { server, port }
}

/** A port that was free a moment ago: for a server that shall come up later. */
export async function freePort(): Promise<number> {
  const { server, port } = await listen()
  server.close()
  await once(server, 'close')
  return port
}

/** A port that stays taken until the test ends. */
export async function takenPort(): Promise<number> {
  const { server, port } = await listen()
  onTestFinished(() => {
    server.close()
  })
  return port
}
