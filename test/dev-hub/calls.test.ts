import { Client, PrivateKey } from '@textile/hub'
import { expect, it, onTestFinished, vi } from 'vitest'
import type { EndedCall } from '../../src/dev-hub/call.js'
import { startDevHub } from '../../src/dev-hub/hub.js'
import { CallBatches } from '../../src/dev-hub/worker/call-batches.js'
import { MAX_RECENT_CALLS, RecentCalls } from '../../src/dev-hub/worker/recent-calls.js'
import { callByGrpc } from '../support/grpc-call.js'

const CALL: EndedCall = { path: '/a/b', code: 0, ms: 1 }

/** Calls of which each has its place in `ms`. */
function numbered(from: number, count: number): EndedCall[] {
  return Array.from({ length: count }, (_, place) => ({ ...CALL, ms: from + place }))
}

it('a Hub tells of each call that has ended: its method, its code and its time', async () => {
  const calls: EndedCall[] = []
  const hub = await startDevHub({ callEnded: (call) => calls.push(call) })
  onTestFinished(() => hub.close())
  const [{ key, secret } = { key: '', secret: '' }] = hub.apiKeys
  const client = await Client.withKeyInfo({ key, secret }, hub.url)
  await client.getToken(PrivateKey.fromRandom())
  await client.newDB(undefined, 'notes')
  await expect(client.newDB(undefined, 'notes')).rejects.toThrow()
  await expect.poll(() => calls.length).toBe(3)
  expect(calls.map(({ path, code }) => [path, code])).toEqual([
    ['/threads.pb.API/GetToken', 0],
    ['/threads.pb.API/NewDB', 0],
    ['/threads.pb.API/NewDB', expect.any(Number)],
  ])
  expect(calls[2]?.code).not.toBe(0)
  for (const call of calls) {
    expect(Object.keys(call).sort()).toEqual(['code', 'ms', 'path'])
    expect(call.ms).toBeGreaterThan(0)
  }
})

it('a Hub tells as much of a path that it has not as is bounded', async () => {
  const calls: EndedCall[] = []
  const hub = await startDevHub({ callEnded: (call) => calls.push(call) })
  onTestFinished(() => hub.close())
  await callByGrpc(hub.grpcUrl, `/${'x'.repeat(1_000)}/y`, [], (caller) => caller.end())
  expect(calls).toEqual([{ path: `/${'x'.repeat(99)}`, code: 12, ms: expect.any(Number) }])
})

it('calls are told several at a time, of very many the newest, oldest first', () => {
  vi.useFakeTimers()
  onTestFinished(() => {
    vi.useRealTimers()
  })
  const told: (readonly EndedCall[])[] = []
  const batches = new CallBatches((calls) => told.push(calls))
  for (const call of numbered(0, 3)) batches.add(call)
  expect(told).toEqual([])
  vi.runAllTimers()
  expect(told).toEqual([numbered(0, 3)])
  for (const call of numbered(0, 2.5 * MAX_RECENT_CALLS)) batches.add(call)
  vi.runAllTimers()
  expect(told[1]).toEqual(numbered(1.5 * MAX_RECENT_CALLS, MAX_RECENT_CALLS))
  vi.runAllTimers()
  expect(told).toHaveLength(2)
})

it('the newest calls are kept, and listeners told until they end that', () => {
  const recent = new RecentCalls()
  recent.add(numbered(0, MAX_RECENT_CALLS))
  const told: EndedCall[] = []
  const unsubscribe = recent.subscribe((calls) => told.push(...calls))
  recent.add(numbered(MAX_RECENT_CALLS, 2))
  unsubscribe()
  recent.add(numbered(MAX_RECENT_CALLS + 2, 1))
  expect(told).toEqual(numbered(MAX_RECENT_CALLS, 2))
  expect(recent.newest).toEqual(numbered(3, MAX_RECENT_CALLS))
})
