import { expect, it } from 'vitest'
import { type Waiting, WaitingRoom } from '../../src/login/pending-logins.js'

/** A login that waits, and remembers how it was ended. */
class TestLogin implements Waiting {
  readonly address: string
  reason: unknown

  constructor(address: string) {
    this.address = address
  }

  interrupt(reason: Error): void {
    this.reason = reason
  }
}

function enter(room: WaitingRoom, address: string): TestLogin {
  const login = new TestLogin(address)
  room.enter(login)
  return login
}

it('when all places are taken, the address that holds most gives up its oldest', () => {
  const room = new WaitingRoom(3)
  const honest = enter(room, 'honest')
  const crowd = [enter(room, 'crowd'), enter(room, 'crowd')]
  expect(crowd[0]?.reason).toBeUndefined()
  const another = enter(room, 'another')
  expect(crowd[0]?.reason).toMatchObject({ code: 'overloaded', retryAfter: 5 })
  const last = enter(room, 'crowd')
  expect(crowd[1]?.reason).toMatchObject({ code: 'overloaded' })
  expect([honest, another, last].map(({ reason }) => reason)).toEqual([
    undefined,
    undefined,
    undefined,
  ])
  expect(room.size).toBe(3)
})

it('places are freed, once', () => {
  const room = new WaitingRoom(2)
  const first = enter(room, 'a')
  const second = enter(room, 'b')
  room.leave(first)
  room.leave(first)
  room.leave(new TestLogin('nobody'))
  expect(room.size).toBe(1)
  enter(room, 'c')
  expect(second.reason).toBeUndefined()
})

it('there are places without end where the limit is lifted', () => {
  const room = new WaitingRoom(Number.POSITIVE_INFINITY)
  const logins = Array.from({ length: 5_000 }, () => enter(room, 'a'))
  expect(logins.every(({ reason }) => reason === undefined)).toBe(true)
})
