import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { Lock } from '../../../src/dev-hub/threads/lock.js'

const never = new Promise<void>(() => {})

/** Takes turns at a lock and notes their order. */
function turns() {
  const lock = new Lock()
  const order: string[] = []
  const take = async (name: string, kind: 'read' | 'write', ended = never) => {
    const release = await lock.acquire(kind, ended)
    order.push(name)
    return release
  }
  return { order, take }
}

/** Lets everything happen that waits for nothing. */
const settle = () => new Promise((resolve) => setImmediate(resolve))

describe('the lock of a database', () => {
  it('is for many readers or one writer, first come, first served', async () => {
    const { order, take } = turns()
    const readers = await Promise.all([take('r1', 'read'), take('r2', 'read')])
    const writer = take('w1', 'write')
    const later = take('r3', 'read')
    await settle()
    expect(order).toEqual(['r1', 'r2'])
    for (const release of readers) release()
    ;(await writer)()
    await later
    expect(order).toEqual(['r1', 'r2', 'w1', 'r3'])
  })

  it('is given back once, however often that is said', async () => {
    const { order, take } = turns()
    const release = await take('w1', 'write')
    release()
    release()
    await take('w2', 'write')
    void take('w3', 'write')
    await settle()
    expect(order).toEqual(['w1', 'w2'])
  })

  it('is not held up by those who have left', async () => {
    const { order, take } = turns()
    const release = await take('w1', 'write')
    let leave = () => {}
    const left = take('w2', 'write', new Promise<void>((resolve) => (leave = resolve)))
    const next = take('r1', 'read')
    leave()
    await expect(left).rejects.toThrow('left')
    release()
    await next
    expect(order).toEqual(['w1', 'r1'])
  })

  it('is not waited for indefinitely', async () => {
    vi.useFakeTimers()
    onTestFinished(() => {
      vi.useRealTimers()
    })
    const { take } = turns()
    const release = await take('w1', 'write')
    const late = expect(take('w2', 'write')).rejects.toThrow('more than 60 s')
    await vi.advanceTimersByTimeAsync(60_000)
    await late
    release()
    await take('w3', 'write')
  })
})
