import { Client, PrivateKey } from '@textile/hub'
import { expect, it } from 'vitest'
import { takenPort } from '../support/ports.js'
import { DEV_HUB, ProgramProcess, runProgram } from '../support/server-process.js'

const MAIN = 'dev-hub/main.js'

it('prints one line of JSON, with which the SDK logs in, and stops cleanly', async () => {
  const program = await ProgramProcess.start(MAIN, DEV_HUB, ['--json', '--in-memory'])
  const [line] = await program.printed(/^.+\n/)
  const { url, grpcUrl, key, secret, ...others } = JSON.parse(line)
  expect(others).toEqual({})
  expect(grpcUrl).toMatch(/^grpc:\/\/127\.0\.0\.1:\d+$/)
  const client = await Client.withKeyInfo({ key, secret }, url)
  await client.getToken(PrivateKey.fromRandom())
  expect(await client.listThreads()).toEqual([])
  program.kill('SIGTERM')
  expect(await program.ended()).toEqual({ status: 0, stdout: line, stderr: '' })
})

it('prints what a .env file needs, and where it remembers', async () => {
  const program = await ProgramProcess.start(MAIN, DEV_HUB)
  await program.printed(/it remembers in \/.+\/data\/dev-hub\.\n/)
  await program.printed(/HUB_URL=grpc:\/\/127\.0\.0\.1:\d+\n/)
  await program.printed(/HUB_PUBLIC_URL=http:\/\/127\.0\.0\.1:\d+\n/)
  await program.printed(/USER_API_KEY=b[a-z2-7]{26}\n/)
  await program.printed(/USER_API_SECRET=b[a-z2-7]{39}\n/)
})

it.each(['DEV_HUB_PORT', 'DEV_HUB_GRPC_PORT'])('names %s where it is wrong', async (variable) => {
  const port = String(await takenPort())
  const taken = { status: 1, stderr: `${variable}: port ${port} is taken\n` }
  expect(await runProgram(MAIN, { ...DEV_HUB, [variable]: port })).toMatchObject(taken)
  const noPort = { status: 1, stderr: expect.stringMatching(`^${variable}: must be a port number`) }
  expect(await runProgram(MAIN, { ...DEV_HUB, [variable]: 'x' })).toMatchObject(noPort)
})

it.each([['--nope'], ['--export', 'x', '--reset'], ['--seed']])(
  'explains itself to whoever asks for %s',
  async (...args) => {
    const usage = expect.stringMatching(/^usage: npm run dev-hub/)
    expect(await runProgram(MAIN, {}, args)).toMatchObject({ status: 1, stderr: usage })
  },
)
