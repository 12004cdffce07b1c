import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { dataFolder } from '../support/data-folder.js'
import { SERVER } from '../support/server-process.js'

const PROGRAM = join(import.meta.dirname, '../../dist/index.js')

/** Waits for a line of the log that matches, and returns it. */
async function printed(server: ChildProcess, output: { text: string }, pattern: RegExp) {
  for (;;) {
    const match = pattern.exec(output.text)
    if (match) return match
    if (server.exitCode !== null) throw new Error(`ended: ${output.text}`)
    if (server.stdout) await Promise.race([once(server.stdout, 'data'), once(server, 'close')])
  }
}

it.skipIf(process.platform === 'win32')('a process that runs out of files says so', async () => {
  const cwd = await dataFolder()
  const env = { PATH: process.env.PATH, ...SERVER }
  const limited = ['-c', 'ulimit -n 128 && exec "$0" "$1"', process.execPath, PROGRAM]
  const server = spawn('sh', limited, { cwd, env })
  const closed = once(server, 'close')
  const output = { text: '' }
  server.stdout.on('data', (data) => {
    output.text += data
  })
  onTestFinished(async () => {
    server.kill('SIGKILL')
    await closed
  })
  const [, port] = await printed(server, output, /users log in at ws:\S+?:(\d+)/)
  const connections = Array.from({ length: 140 }, () => connect(Number(port), '127.0.0.1'))
  for (const connection of connections) connection.on('error', () => {}).resume()
  const [line] = await printed(server, output, /\{.*no file is left.*\}/)
  expect(JSON.parse(line)).toMatchObject({ level: 50, errno: 'EMFILE' })
  for (const connection of connections) connection.destroy()
  await printed(server, output, /files can be opened again/)
})
