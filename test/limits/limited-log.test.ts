import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { LimitedLog } from '../../src/limits/limited-log.js'
import { keepLog } from '../support/kept-log.js'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})

afterEach(() => {
  vi.useRealTimers()
})

it('writes so many lines of a kind in a minute, and the number of the others', () => {
  const { log, lines } = keepLog('info')
  const limited = new LimitedLog(log)
  for (let line = 0; line < 250; line += 1) limited.info({ outcome: 'rate_limited' }, 'login')
  limited.info({ outcome: 'overloaded' }, 'login')
  limited.error({}, 'failed')
  expect(lines).toHaveLength(202)
  vi.advanceTimersByTime(60_000)
  expect(lines.slice(202)).toEqual([
    expect.objectContaining({
      ...{ level: 40, msg: 'lines were left out' },
      ...{ lines: 'login', outcome: 'rate_limited', leftOut: 50 },
    }),
  ])
  // A new minute has begun.
  limited.info({ outcome: 'rate_limited' }, 'login')
  expect(lines).toHaveLength(204)
  limited.close()
  expect(vi.getTimerCount()).toBe(0)
})

it('writes every login that succeeds, and every step', () => {
  const { log, lines } = keepLog('debug')
  const limited = new LimitedLog(log)
  for (let line = 0; line < 300; line += 1) limited.info({ outcome: 'ok' }, 'login')
  for (let line = 0; line < 300; line += 1) limited.debug({ step: 'user' }, 'login step')
  expect(lines).toHaveLength(600)
  expect(vi.getTimerCount()).toBe(0)
})

it('counts no line that its level keeps out', () => {
  const { log, lines } = keepLog('warn')
  const limited = new LimitedLog(log)
  for (let line = 0; line < 300; line += 1) limited.info({}, 'text')
  limited.close()
  expect(lines).toEqual([])
})
