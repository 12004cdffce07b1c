import { Client, PrivateKey } from '@textile/hub'
import { expect, it } from 'vitest'
import { takenPort } from '../support/ports.js'
import { ProgramProcess, runProgram } from '../support/server-process.js'

const MAIN = 'dev-hub/main.js'

it('prints one line of JSON, with which the SDK logs in, and stops cleanly', async () => {
  const program = await ProgramProcess.start(MAIN, { DEV_HUB_PORT: '0' }, ['--json'])
  const [line] = await program.printed(/^.+\n/)
  const { url, key, secret, ...others } = JSON.parse(line)
  expect(others).toEqual({})
  const client = await Client.withKeyInfo({ key, secret }, url)
  await client.getToken(PrivateKey.fromRandom())
  expect(await client.listThreads()).toEqual([])
  program.kill('SIGTERM')
  expect(await program.ended()).toEqual({ status: 0, stdout: line, stderr: '' })
})

it('prints what a .env file needs', async () => {
  const program = await ProgramProcess.start(MAIN, { DEV_HUB_PORT: '0' })
  await program.printed(/HUB_URL=http:\/\/127\.0\.0\.1:\d+\n/)
  await program.printed(/USER_API_KEY=b[a-z2-7]{26}\n/)
  await program.printed(/USER_API_SECRET=b[a-z2-7]{39}\n/)
})

it('names the variable or the argument that is wrong', async () => {
  const DEV_HUB_PORT = String(await takenPort())
  const taken = `DEV_HUB_PORT: port ${DEV_HUB_PORT} is taken\n`
  expect(await runProgram(MAIN, { DEV_HUB_PORT })).toMatchObject({ status: 1, stderr: taken })
  const noPort = expect.stringMatching(/^DEV_HUB_PORT: must be a port number/)
  expect(await runProgram(MAIN, { DEV_HUB_PORT: 'x' })).toMatchObject({ status: 1, stderr: noPort })
  const usage = expect.stringMatching(/^usage: npm run dev-hub/)
  expect(await runProgram(MAIN, {}, ['--nope'])).toMatchObject({ status: 1, stderr: usage })
})
