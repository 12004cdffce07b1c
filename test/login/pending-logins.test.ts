import { expect, it, onTestFinished, vi } from 'vitest'
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

/** How many of some logins have kept their places. */
function kept(logins: readonly TestLogin[]): number {
  return logins.filter(({ reason }) => reason === undefined).length
}

/** Adds a login of each address. */
function addAll(pending: PendingLogins, addresses: readonly string[]): TestLogin[] {
  return addresses.map((address) => add(pending, address))
}

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index))
}

/** Adds logins that all come from 192.0.2.1. */
function addBehindOne(pending: PendingLogins, count: number): TestLogin[] {
  return times(count, () => add(pending, '192.0.2.1'))
}

/** Adds logins that each come from an address of their own. */
function addBotnet(pending: PendingLogins, count: number): TestLogin[] {
  return times(count, (index) => add(pending, `198.51.100.${index}`))
}

it('many /64 networks of one /48 evict each other, and nobody else', () => {
  const pending = new PendingLogins(() => 30)
  const behindOne = addBehindOne(pending, 8)
  const others = addAll(pending, ['192.0.2.2', '2001:db8:2::/64', '2001:db8:3:1::/64'])
  const crowd = addAll(
    pending,
    times(200, (index) => `2001:db8:1:${index.toString(16)}::/64`),
  )
  expect(kept(behindOne)).toBe(8)
  expect(kept(others)).toBe(3)
  expect(kept(crowd)).toBe(19)
})

it('many behind an address from which a login has succeeded keep their places before a botnet', () => {
  const pending = new PendingLogins(() => 30)
  pending.succeeded('192.0.2.1')
  const behindOne = addBehindOne(pending, 20)
  const crowd = addBotnet(pending, 200)
  expect(kept(behindOne)).toBe(20)
  expect(kept(crowd)).toBe(10)
})

it('a login that succeeds counts for those that wait already', () => {
  const pending = new PendingLogins(() => 20)
  const behindOne = addBehindOne(pending, 20)
  pending.succeeded('192.0.2.1')
  addBotnet(pending, 200)
  expect(kept(behindOne)).toBe(20)
})

it('an address from which a login has succeeded cannot take all places', () => {
  const pending = new PendingLogins(() => 100)
  pending.succeeded('192.0.2.1')
  const crowd = addBehindOne(pending, 100)
  const others = addBotnet(pending, 79)
  expect([kept(crowd), kept(others)]).toEqual([21, 79])
})

it('an hour after its last login an address counts like any other', () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => {
    vi.useRealTimers()
  })
  const pending = new PendingLogins(() => 20)
  pending.succeeded('192.0.2.1')
  vi.advanceTimersByTime(3_600_000)
  const behindOne = addBehindOne(pending, 20)
  addBotnet(pending, 200)
  // All count alike: the oldest go first.
  expect(kept(behindOne)).toBe(0)
})

it('the addresses that are remembered are bounded in number', () => {
  const pending = new PendingLogins(() => 20)
  pending.succeeded('192.0.2.1')
  for (let index = 0; index < 10_000; index += 1) pending.succeeded(`2001:db8:${index}::/64`)
  const behindOne = addBehindOne(pending, 20)
  addBotnet(pending, 200)
  // All count alike: the oldest go first.
  expect(kept(behindOne)).toBe(0)
})
