import { setImmediate as turn } from 'node:timers/promises'
import { expect, it, onTestFinished, vi } from 'vitest'
import { EventLoopWatch } from '../../src/limits/event-loop.js'

/** Keeps the event loop from turning. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

it('tells when the process has more to do than it can, and when that is over', async () => {
  const watch = new EventLoopWatch()
  onTestFinished(() => watch.close())
  expect(watch.isLagging).toBe(false)
  await vi.waitFor(
    async () => {
      block(700)
      await turn()
      expect(watch.isLagging).toBe(true)
    },
    { timeout: 15_000, interval: 1 },
  )
  await vi.waitFor(() => expect(watch.isLagging).toBe(false), { timeout: 15_000 })
})
