import { expect, vi } from 'vitest'
import type { LoginServer } from '../../src/http/server.js'

/** How long to wait for what is being let go of, and how often to count it, in ms. */
const PATIENCE = { timeout: 10_000, interval: 5 }

/** Where calls of a Hub are counted. */
interface CountedHub {
  readonly openCalls: number
}

/** Waits until no login runs or waits at the server, and no call of one is at the Hub. */
export async function expectNoLoginLeft(server: LoginServer, hub: CountedHub): Promise<void> {
  await vi.waitFor(() => {
    const { logins, waiting, hubCalls, renewals } = server.count()
    const left = { logins, waiting, hubCalls, renewals, calls: hub.openCalls }
    expect(left).toEqual({ logins: 0, waiting: 0, hubCalls: 0, renewals: 0, calls: 0 })
  }, PATIENCE)
}

/** Waits until the server has neither login nor socket, and the Hub no call. */
export async function expectNothingLeft(server: LoginServer, hub: CountedHub): Promise<void> {
  await expectNoLoginLeft(server, hub)
  await vi.waitFor(() => expect(server.count().sockets).toBe(0), PATIENCE)
}
