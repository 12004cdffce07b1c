import { beforeEach, expect, it } from 'vitest'
import { Penalties } from '../../src/limits/penalties.js'

const SECOND = 1_000

let now: number
let penalties: Penalties

beforeEach(() => {
  now = 0
  penalties = new Penalties(() => now)
})

function flood(times: number, address = 'a'): void {
  for (let flood = 0; flood < times; flood += 1) penalties.countFlood(address)
}

it('begin with the third flood within a minute', () => {
  flood(2)
  now = 60 * SECOND
  flood(2)
  expect(penalties.secondsLeft('a')).toBe(0)
  flood(1)
  expect(penalties.secondsLeft('a')).toBe(10)
  expect(penalties.secondsLeft('b')).toBe(0)
  now += 9.5 * SECOND
  expect(penalties.secondsLeft('a')).toBe(1)
  now += 0.5 * SECOND
  expect(penalties.secondsLeft('a')).toBe(0)
})

it('double, up to a minute', () => {
  const lengths = Array.from({ length: 5 }, () => {
    flood(3)
    const length = penalties.secondsLeft('a')
    now += length * SECOND
    return length
  })
  expect(lengths).toEqual([10, 20, 40, 60, 60])
})

it('count nothing that floods on while they last', () => {
  flood(50)
  now = 10 * SECOND
  expect(penalties.secondsLeft('a')).toBe(0)
  flood(2)
  expect(penalties.secondsLeft('a')).toBe(0)
  flood(1)
  expect(penalties.secondsLeft('a')).toBe(20)
})

it('are forgotten a minute after they have ended', () => {
  flood(1, 'b')
  flood(3)
  now = 69 * SECOND
  flood(1, 'c')
  expect(penalties.size).toBe(2)
  now = 70 * SECOND
  flood(3)
  expect(penalties.secondsLeft('a')).toBe(10)
  now = 1_000 * SECOND
  flood(1, 'd')
  expect(penalties.size).toBe(1)
})
