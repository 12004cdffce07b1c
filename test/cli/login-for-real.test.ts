import { expect, it } from 'vitest'
import { startWithDevHub } from '../support/login-server.js'
import { runProgram } from '../support/server-process.js'

it('the terminal login logs in at a real server, and lists threads at its Hub', async () => {
  const { hub, server } = await startWithDevHub()
  const ending = await runProgram('cli/main.js', {}, [
    'login',
    server.url,
    '--hub',
    hub.url,
    '--json',
  ])
  expect(ending).toMatchObject({ status: 0, stderr: '' })
  expect(JSON.parse(ending.stdout)).toMatchObject({ ok: true, threads: [] })
})

it('the terminal login says when the Hub is down', async () => {
  const { hub, server } = await startWithDevHub()
  await hub.close()
  const ending = await runProgram('cli/main.js', {}, ['login', server.url, '--json'])
  expect(ending.status).toBe(1)
  expect(JSON.parse(ending.stdout)).toMatchObject({
    ok: false,
    code: 'hub_unavailable',
    id: expect.stringMatching(/^[0-9a-f]{12}$/),
  })
})
