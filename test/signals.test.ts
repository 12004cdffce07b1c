import { expect, it, onTestFinished, vi } from 'vitest'
import { wheneverToldToReload } from '../src/signals.js'

it('reloads once for each SIGHUP, one after another', async () => {
  const before = process.listeners('SIGHUP')
  onTestFinished(() => {
    for (const listener of process.listeners('SIGHUP')) {
      if (!before.includes(listener)) process.off('SIGHUP', listener)
    }
  })
  const ends: (() => void)[] = []
  const reload = vi.fn(() => new Promise<void>((resolve) => ends.push(resolve)))
  wheneverToldToReload(reload)
  for (let signal = 0; signal < 3; signal += 1) process.emit('SIGHUP')
  for (const round of [1, 2, 3]) {
    await vi.waitFor(() => expect(ends).toHaveLength(1))
    // Time enough for another one to begin, if it would.
    await new Promise(setImmediate)
    expect(reload).toHaveBeenCalledTimes(round)
    ends.pop()?.()
  }
})
