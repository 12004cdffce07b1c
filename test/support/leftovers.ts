import { expect, vi } from 'vitest'
import type { LoginServer } from '../../src/server/server.js'

/** Where calls of a Hub are counted. */
interface CountedHub {
  readonly openCalls: number
}

/** Waits until no login runs or waits at the server, and no call of one is at the Hub. */
export async function expectNoLoginLeft(server: LoginServer, hub: CountedHub): Promise<void> {
  await vi.waitFor(() => {
    const { logins, waiting } = server.count()
    expect({ logins, waiting, calls: hub.openCalls }).toEqual({ logins: 0, waiting: 0, calls: 0 })
  }, 10_000)
}

/** Waits until the server has neither login nor socket, and the Hub no call. */
export async function expectNothingLeft(server: LoginServer, hub: CountedHub): Promise<void> {
  await expectNoLoginLeft(server, hub)
  await vi.waitFor(() => expect(server.count().sockets).toBe(0), 10_000)
}
