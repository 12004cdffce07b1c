import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const run = promisify(execFile)

/** Runs a script with the handler in place, and returns how it ended. */
async function runWithHandler(script: string) {
  const handler = join(import.meta.dirname, '../../dist/process.js')
  const program = `
    import { handleUncaughtErrors } from ${JSON.stringify(handler)}
    const survive = () => { console.log('alive'); clearInterval(busy) }
    const log = {
      fatal: (_, text) => console.log('fatal:', text),
      error: (_, text) => { console.log('error:', text); setImmediate(survive) },
    }
    handleUncaughtErrors(log, () => { console.log('stopping'); process.exitCode = 1; clearInterval(busy) })
    const busy = setInterval(() => {}, 1000)
    ${script}`
  const args = ['--input-type=module', '-e', program]
  const child = run(process.execPath, args, { cwd: join(import.meta.dirname, '../..') })
  return child.then(
    ({ stdout }) => ({ status: 0, stdout }),
    ({ code, stdout }) => ({ status: code, stdout }),
  )
}

describe('an error that nothing caught', () => {
  it('out of the SDK is logged and survived', async () => {
    const { status, stdout } = await runWithHandler(`
      import { Client } from '@textile/hub'
      const client = Client.withUserAuth({ key: 'k', sig: 's', msg: '2000-01-01T00:00:00Z' }, 'http://127.0.0.1:1')
      void client.getTokenChallenge('b', async () => {})`)
    expect(stdout).toBe('error: an error in the SDK that nothing caught\nalive\n')
    expect(status).toBe(0)
  })

  it.each([
    ['rejected', "void Promise.reject(new Error('unknown'))"],
    ['rejected with no error', "void Promise.reject('unknown')"],
    ['thrown', "setTimeout(() => { throw new Error('unknown') })"],
  ])('anywhere else, %s, stops the process', async (_name, script) => {
    const { status, stdout } = await runWithHandler(script)
    expect(stdout).toBe('fatal: an error that nothing caught: stopping\nstopping\n')
    expect(status).toBe(1)
  })
})
