import { expect, it, vi } from 'vitest'
import { type PendingLogin, PendingLogins } from '../../src/login/pending-logins.js'
import { startFaultyGrpcHub } from '../support/faulty-grpc-hub.js'
import type { StartFaultyHub } from '../support/faulty-hub.js'
import { randomIdentity } from '../support/identity.js'
import { startWithFaultyHub } from '../support/login-server.js'
import { TestApp } from '../support/test-app.js'
import { giveToken } from '../support/token-calls.js'

/** A login that waits, and remembers how it was ended. */
class TestLogin implements PendingLogin {
  readonly address: string
  reason: unknown

  constructor(address: string) {
    this.address = address
  }

  abort(reason: Error): void {
    this.reason = reason
  }
}

function add(pending: PendingLogins, address: string): TestLogin {
  const login = new TestLogin(address)
  pending.add(login)
  return login
}

it('where there is one too many, the oldest of the address that has most is evicted', () => {
  const pending = new PendingLogins(() => 3)
  const honest = add(pending, 'honest')
  const crowd = [add(pending, 'crowd'), add(pending, 'crowd')]
  expect(crowd[0]?.reason).toBeUndefined()
  const another = add(pending, 'another')
  expect(crowd[0]?.reason).toMatchObject({ code: 'overloaded', retryAfter: 5 })
  const last = add(pending, 'crowd')
  expect(crowd[1]?.reason).toMatchObject({ code: 'overloaded' })
  expect([honest, another, last].map(({ reason }) => reason)).toEqual([
    undefined,
    undefined,
    undefined,
  ])
  expect(pending.size).toBe(3)
})

it('a login leaves once', () => {
  const pending = new PendingLogins(() => 2)
  const first = add(pending, 'a')
  const second = add(pending, 'b')
  pending.delete(first)
  pending.delete(first)
  pending.delete(new TestLogin('nobody'))
  expect(pending.size).toBe(1)
  add(pending, 'c')
  expect(second.reason).toBeUndefined()
})

it('there may be any number where the limit is lifted', () => {
  const pending = new PendingLogins(() => Number.POSITIVE_INFINITY)
  const logins = Array.from({ length: 5_000 }, () => add(pending, 'a'))
  expect(logins.every(({ reason }) => reason === undefined)).toBe(true)
})

it('they hold at most 80 % of the calls that the Hub takes at a time', async () => {
  // Ten calls on each of eight sessions: 64 logins may wait.
  const startHub: StartFaultyHub = (script) =>
    startFaultyGrpcHub(script, { settings: { maxConcurrentStreams: 10 } })
  const limits = { maxSocketsPerIp: 1_000 }
  const { hub, server } = await startWithFaultyHub(giveToken, { limits }, startHub)
  const apps = await Promise.all(Array.from({ length: 70 }, () => TestApp.connect(server.url)))
  for (const app of apps) await app.requestChallenge(randomIdentity().pubkey)
  expect(server.count().waiting).toBe(64)
  for (const app of apps.slice(0, 6)) {
    expect(await app.next()).toMatchObject({ code: 'overloaded', retryAfter: 5 })
  }
  await vi.waitFor(() => expect(hub.openCalls).toBe(64))
})
