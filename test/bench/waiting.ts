import type { WebSocket } from 'ws'
import { open, requestChallenge } from '../soak/clients.js'
import type { Contender } from './contender.js'

/** How many sockets are opened at once. */
const AT_ONCE = 50

/**
 * Measures what a login takes while its app has yet to sign.
 *
 * @returns bytes for each, on the heap and outside of it
 */
export async function measureInFlight(contender: Contender, logins: number): Promise<number> {
  const { kept } = await measureMany(contender, logins, requestChallenge)
  return kept
}

/** Measures what a socket takes, in bytes, that asks for nothing. */
export async function measureIdle(
  contender: Contender,
  sockets: number,
): Promise<{ bytesIdle: number; bytesIdleResident: number }> {
  const { kept, resident } = await measureMany(contender, sockets, open)
  return { bytesIdle: kept, bytesIdleResident: resident }
}

async function measureMany(
  contender: Contender,
  count: number,
  connect: (url: string) => Promise<WebSocket>,
) {
  const before = await contender.memory()
  const sockets: WebSocket[] = []
  const worker = async (): Promise<void> => {
    for (let left = count / AT_ONCE; left > 0; left -= 1) sockets.push(await connect(contender.url))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  const after = await contender.memory()
  for (const socket of sockets) socket.terminate()
  return {
    kept: (after.kept - before.kept) / count,
    resident: (after.resident - before.resident) / count,
  }
}
