import { once } from 'node:events'
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import type { LoginServer } from '../../src/http/server.js'

/** The TCP port of a server. */
export function portOf({ url }: Pick<LoginServer, 'url'>): number {
  return Number(new URL(url).port)
}

/** Opens a TCP connection, from whatever address of this machine, that the test's end closes. */
export function openTcp(server: LoginServer, localAddress = '127.0.0.1'): Socket {
  const socket = connect({ port: portOf(server), host: '127.0.0.1', localAddress })
  onTestFinished(() => {
    socket.destroy()
  })
  return socket.on('error', () => {}).resume()
}

/** Waits until a connection is closed, by whatever way. */
export function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve()
    else socket.once('close', () => resolve())
  })
}

/** What a server answered to a plain request. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** Sends one request on a connection of its own. */
export async function get(
  server: LoginServer,
  path: string,
  options: { headers?: Record<string, string>; localAddress?: string; method?: string } = {},
): Promise<Answer> {
  const asked = request({
    host: '127.0.0.1',
    port: portOf(server),
    path,
    agent: false,
    localAddress: '127.0.0.1',
    ...options,
  })
  asked.end()
  const [response] = await once(asked, 'response')
  let text = ''
  for await (const chunk of response) text += chunk
  return { status: response.statusCode, headers: response.headers, text }
}
