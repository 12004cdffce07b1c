import { expect, it } from 'vitest'
import { type PendingLogin, PendingLogins } from '../../src/login/pending-logins.js'

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
  const pending = new PendingLogins(3)
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
  const pending = new PendingLogins(2)
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
  const pending = new PendingLogins(Number.POSITIVE_INFINITY)
  const logins = Array.from({ length: 5_000 }, () => add(pending, 'a'))
  expect(logins.every(({ reason }) => reason === undefined)).toBe(true)
})
