import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { onReloadSignal } from '../../src/process.js'
import { dataFolder } from '../support/data-folder.js'
import { SERVER } from '../support/server-process.js'

/** How long to wait for what a process must do, in ms. */
const PATIENCE = { timeout: 10_000, interval: 50 }

it('reloads once for each SIGHUP, one after another', async () => {
  const before = process.listeners('SIGHUP')
  onTestFinished(() => {
    for (const listener of process.listeners('SIGHUP')) {
      if (!before.includes(listener)) process.off('SIGHUP', listener)
    }
  })
  const ends: (() => void)[] = []
  const reload = vi.fn(() => new Promise<void>((resolve) => ends.push(resolve)))
  onReloadSignal(reload)
  for (let signal = 0; signal < 3; signal += 1) process.emit('SIGHUP')
  for (const round of [1, 2, 3]) {
    await vi.waitFor(() => expect(ends).toHaveLength(1))
    // Time enough for another one to begin, if it would.
    await new Promise(setImmediate)
    expect(reload).toHaveBeenCalledTimes(round)
    ends.pop()?.()
  }
})

// util-linux's `script`, which opens a terminal for a command; other systems have another one.
it.runIf(process.platform === 'linux')(
  'ends with the terminal that it was started in',
  async () => {
    const entry = join(import.meta.dirname, '../../dist/index.js')
    const env = { PATH: process.env.PATH, ...SERVER }
    const cwd = await dataFolder()
    const command = `echo number $$; exec ${process.execPath} ${entry}`
    const terminal = spawn('script', ['-qec', command, '/dev/null'], { cwd, env })
    onTestFinished(() => {
      terminal.kill('SIGKILL')
    })
    let output = ''
    terminal.stdout.on('data', (data) => {
      output += data
    })
    await vi.waitFor(() => expect(output).toMatch(/users log in at/), PATIENCE)
    const [, number] = /number (\d+)/.exec(output) ?? []
    onTestFinished(() => {
      try {
        process.kill(Number(number), 'SIGKILL')
      } catch {
        // It has ended, as it should.
      }
    })
    const [, port = ''] = /ws:\/\/127\.0\.0\.1:(\d+)/.exec(output) ?? []
    terminal.kill('SIGKILL')
    await once(terminal, 'close')
    const reach = () => fetch(`http://127.0.0.1:${port}/health`)
    await vi.waitFor(() => expect(reach()).rejects.toThrow('fetch failed'), PATIENCE)
  },
)
