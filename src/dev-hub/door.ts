import { once } from 'node:events'
import type { Server } from 'node:net'
import type { Method } from './call.js'

/** Where calls come in. */
export interface Door {
  /** The port that it listens on, at 127.0.0.1. */
  readonly port: number
  /** How many calls run now. */
  readonly openCalls: number
  /** Cuts every call off without a word, as hubd does when it is stopped. */
  close(): Promise<void>
}

/**
 * Opens a door at 127.0.0.1.
 *
 * @param port - TCP port; 0 takes a free one
 * @param methods - what can be called, by path
 * @throws the system's error where the port can't be listened on, such as `EADDRINUSE`
 */
export type OpenDoor = (port: number, methods: ReadonlyMap<string, Method>) => Promise<Door>

/**
 * Has a server listen at 127.0.0.1.
 *
 * @returns the port
 * @throws the system's error where the port can't be listened on
 */
export async function listenLocally(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return address !== null && typeof address === 'object' ? address.port : port
}
