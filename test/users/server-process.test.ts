import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startDevHub } from '../../src/dev-hub/hub.js'
import { readConfig, start } from '../../src/server.js'
import { dataFolder } from '../support/data-folder.js'
import { randomIdentity } from '../support/identity.js'
import { freePort, listen } from '../support/ports.js'
import { ProgramProcess, READY, runProgram, SERVER } from '../support/server-process.js'
import { TestApp } from '../support/test-app.js'

/** Starts a server process and has a user log in there. */
async function logInAt(environment: Record<string, string>) {
  const server = await ProgramProcess.start('index.js', { ...SERVER, ...environment })
  const [, endpoint = ''] = await server.printed(READY)
  const app = await TestApp.connect(endpoint)
  const identity = randomIdentity()
  return { answer: await app.login(identity), ...identity }
}

describe('a server process', () => {
  it('keeps users where the command finds them', async () => {
    const DATA_DIR = await dataFolder()
    const { answer, pubkey } = await logInAt({ DATA_DIR })
    expect(answer).toMatchObject({ type: 'token' })
    const { stdout } = await runProgram('cli/main.js', { DATA_DIR }, ['users', 'list', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({ users: [{ pubkey, logins: 1 }] })
    await runProgram('cli/main.js', { DATA_DIR }, ['users', 'block', pubkey, '--reason', 'spam'])
    const shown = await runProgram('cli/main.js', { DATA_DIR }, ['users', 'show', pubkey, '--json'])
    expect(shown.stdout).toContain('spam')
  })

  it('does not start where the folder of the users is none', async () => {
    const DATA_DIR = join(await dataFolder(), 'taken')
    await writeFile(DATA_DIR, '')
    const { status, stderr } = await runProgram('index.js', { ...SERVER, DATA_DIR })
    expect(status).toBe(1)
    expect(stderr).toMatch(/^DATA_DIR: [^\n]*\n$/)
  })

  it('does not start without the database of the users, and does not show its password', async () => {
    const DATABASE_URL = `postgres://user:pass-word@127.0.0.1:${await freePort()}/users`
    const { status, stdout, stderr } = await runProgram('index.js', { ...SERVER, DATABASE_URL })
    expect(status).toBe(1)
    expect(stderr).toMatch(/^DATABASE_URL: [^\n]*\n$/)
    expect(stdout + stderr).not.toContain('pass-word')
  })

  it('has the webhook decide', async () => {
    const asked: unknown[] = []
    const webhook = createServer(async (request, response) => {
      asked.push(JSON.parse(await text(request)))
      response.end('{"allow":false,"reason":"Only members may log in."}')
    })
    const port = await listen(webhook)
    onTestFinished(() => {
      webhook.closeAllConnections()
      webhook.close()
    })
    const { answer, pubkey } = await logInAt({ AUTHORIZE_URL: `http://127.0.0.1:${port}/` })
    expect(answer).toMatchObject({ code: 'denied', value: 'Only members may log in.' })
    expect(asked).toEqual([{ pubkey, address: '127.0.0.1', origin: null, renewal: false }])
  })
})

describe('a server inside another program', () => {
  const log = pino({ level: 'silent' })

  it('runs as configured, with a decision of the program', async () => {
    const lines: string[] = []
    const listening = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) })
    const hub = await startDevHub()
    onTestFinished(() => hub.close())
    const [apiKey] = hub.apiKeys
    const config = readConfig({
      PORT: '0',
      HUB_URL: hub.grpcUrl,
      USER_API_KEY: apiKey?.key,
      USER_API_SECRET: apiKey?.secret,
      DATA_DIR: await dataFolder(),
    })
    const running = await start(config, listening, {
      authorize: async () => ({ allow: false, reason: 'closed today' }),
    })
    onTestFinished(() => running.close())
    const [, endpoint = ''] = READY.exec(lines.join('')) ?? []
    const app = await TestApp.connect(endpoint)
    expect(await app.login()).toMatchObject({ code: 'denied', value: 'closed today' })
    app.leave()
  })

  it('is decided on by one of both', async () => {
    const AUTHORIZE_URL = 'http://127.0.0.1/'
    const config = readConfig({ ...SERVER, AUTHORIZE_URL, DATA_DIR: await dataFolder() })
    const starting = start(config, log, { authorize: async () => ({ allow: true }) })
    await expect(starting).rejects.toThrow(/^AUTHORIZE_URL: /)
  })
})
