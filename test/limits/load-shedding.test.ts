import { expect, it } from 'vitest'
import { LoadShedding } from '../../src/limits/load-shedding.js'
import { OpenSockets } from '../../src/limits/open-sockets.js'
import { SocketTraffic } from '../../src/limits/socket-traffic.js'

/** Sockets of addresses that send so many bytes a second. */
function open(bytes: Record<string, number>) {
  const sockets = new OpenSockets()
  const traffic = Object.entries(bytes).map(
    ([address, count]) => [new SocketTraffic(sockets.add(address)), count] as const,
  )
  const shedding = new LoadShedding(sockets)
  return {
    refused: () => Object.keys(bytes).filter((address) => shedding.refuses(address)),
    pass: (isLagging: boolean) => {
      for (const [socket, count] of traffic) socket.add(count)
      shedding.endSecond(isLagging)
    },
  }
}

it('refuses nobody while the process keeps up', () => {
  const { refused, pass } = open({ loud: 1_000_000, quiet: 100 })
  pass(false)
  expect(refused()).toEqual([])
})

it('refuses those first that send most, and at last everybody', () => {
  const { refused, pass } = open({ loud: 600, busy: 200, usual: 150, quiet: 50 })
  pass(true)
  expect(refused()).toEqual(['loud'])
  pass(true)
  expect(refused()).toEqual(['loud', 'busy'])
  pass(true)
  expect(refused()).toEqual(['loud', 'busy', 'usual'])
  pass(true)
  expect(refused()).toEqual(['loud', 'busy', 'usual', 'quiet'])
  pass(false)
  expect(refused()).toEqual([])
  pass(true)
  expect(refused()).toEqual(['loud'])
})

it('looks at the last second alone, and forgets addresses that have left', () => {
  const sockets = new OpenSockets()
  const gone = sockets.add('gone')
  const there = sockets.add('there')
  gone.bytes = 1_000
  there.bytes = 1
  sockets.remove(gone)
  const shedding = new LoadShedding(sockets)
  // It had sent most in the second in which it left.
  shedding.endSecond(true)
  expect([shedding.refuses('gone'), shedding.refuses('there')]).toEqual([true, false])
  there.bytes = 1
  shedding.endSecond(true)
  expect([shedding.refuses('gone'), shedding.refuses('there')]).toEqual([false, true])
  expect([sockets.of('gone'), sockets.of('there'), sockets.total]).toEqual([0, 1, 1])
})
