import { describe, expect, it } from 'vitest'
import type { Decision } from '../../src/users/authorize.js'
import { startWithDevHub } from '../support/login-server.js'
import { ProgramProcess, runProgram } from '../support/server-process.js'

const startWatch = (url: string) =>
  ProgramProcess.start('cli/main.js', {}, ['login', url, '--watch'])

describe('login --watch', () => {
  it('keeps a session, prints each renewal, and ends well with a signal', async () => {
    const { server } = await startWithDevHub({ userAuthTtl: 1 })
    const watch = await startWatch(server.url)
    await watch.printed(/UserAuth 3/)
    watch.kill('SIGINT')
    const { status, stdout } = await watch.ended()
    expect(status).toBe(0)
    expect(stdout.match(/sends the signature/g)).toHaveLength(1)
    expect(stdout.match(/hands over a new API signature/g)?.length).toBeGreaterThanOrEqual(3)
    expect(stdout).not.toMatch(/eyJ[\w-]{20}/)
  })

  it('ends with an error where the session cannot be kept', async () => {
    let decision: Decision = { allow: true }
    const authorize = async () => decision
    const { server } = await startWithDevHub({ userAuthTtl: 1, authorize })
    const watch = await startWatch(server.url)
    await watch.printed(/UserAuth 1/)
    decision = { allow: false }
    const { status, stderr } = await watch.ended()
    expect(status).toBe(1)
    expect(stderr).toContain('Failed: denied')
  })

  it('prints for people only', async () => {
    const { status, stderr } = await runProgram('cli/main.js', {}, ['login', '--watch', '--json'])
    expect(status).toBe(2)
    expect(stderr).toContain('leave out --json')
  })
})
