import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { PrivateKey } from '@textile/hub'
import { describe, expect, it } from 'vitest'
import { listThreads } from '../../src/cli/list-threads.js'
import { makeCertificate } from '../support/certificate.js'
import { dataFolder } from '../support/data-folder.js'
import type { Script } from '../support/faulty-hub.js'
import { startFaultyWebHub } from '../support/faulty-web-hub.js'
import { listsThreads } from '../support/lists-threads.js'
import {
  answers,
  answersSignature,
  errorMessage,
  startScriptedServer,
  tokenMessage,
  wholeLogin,
} from '../support/scripted-server.js'
import { runProgram } from '../support/server-process.js'
import { startTlsProxy } from '../support/tls-proxy.js'

/** Runs the command to its end. */
function login(...args: string[]) {
  return runProgram('cli/main.js', {}, ['login', ...args])
}

/** Runs the command with `--json`; it must print one line, and nothing else. */
async function loginJson(...args: string[]) {
  const { stdout, stderr, status } = await login(...args, '--json')
  expect(stdout).toMatch(/^[^\n]+\n$/)
  return { result: JSON.parse(stdout), stdout, stderr, status }
}

/** Writes a key file that ends with the test. */
async function keyFile(content: string): Promise<string> {
  const file = join(await dataFolder(), 'key')
  await writeFile(file, content)
  return file
}

const userAuth = {
  key: 'bkey-in-full',
  sig: 'bsig-in-full',
  msg: new Date(Date.now() + 300_000).toISOString(),
  token: 'token-in-full',
}
const login300 = answersSignature(() => tokenMessage({}, userAuth))

describe('for people', () => {
  it('shows each step with its time, and the UserAuth with its secrets masked', async () => {
    const server = await startScriptedServer(login300)
    const { stdout, stderr, status } = await login(server.url)
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
    expect(stdout).toContain(server.url)
    expect(stdout.match(/^ +\d+ ms {2}(App|Server)/gm)).toHaveLength(6)
    expect(stdout).toMatch(/key {4}bkey-i…\n/)
    expect(stdout).toMatch(/sig {4}bsig-i…\n/)
    expect(stdout).toMatch(/token {2}token-…\n/)
    expect(stdout).toMatch(new RegExp(`msg {4}${userAuth.msg} \\(\\d+ s left\\)`))
    expect(stdout).not.toContain('in-full')
  })

  it('uses no colour where no terminal is', async () => {
    const server = await startScriptedServer(wholeLogin())
    const { stdout } = await login(server.url)
    expect(stdout).not.toContain('\x1b')
  })

  it('goes on to its end where nobody reads its output any more', async () => {
    const server = await startScriptedServer(login300)
    const program = join(import.meta.dirname, '../../dist/cli/main.js')
    const child = spawn(process.execPath, [program, 'login', server.url], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH },
    })
    child.stdout.destroy()
    const [stderr, [status]] = await Promise.all([text(child.stderr), once(child, 'exit')])
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
    expect(server.visits).toBe(1)
  })

  it('names the threads that the Hub lists', async () => {
    const server = await startScriptedServer(login300)
    const headers: Buffer[] = []
    const hub = await startFaultyWebHub(listsThreads(['notes', ''], headers))
    const { stdout, status } = await login(server.url, '--hub', `${hub.url}/`)
    expect(status).toBe(0)
    expect(stdout).toMatch(/2 threads of this identity/)
    expect(stdout).toMatch(/- notes {6}b/)
    expect(stdout).toMatch(/- \(no name\) {2}b/)
    expect(headers.map(String)).toEqual([
      expect.stringContaining('authorization: bearer token-in-full'),
    ])
  })

  it('says what is wrong, and how to start a server', async () => {
    const { stderr, status } = await login('ws://127.0.0.1:1/ws/userauth')
    expect(status).toBe(1)
    expect(stderr).toContain('connection_failed')
    expect(stderr).toContain('npm start')
  })

  it('tells a certificate that is not trusted from a server that is away', async () => {
    const server = await startScriptedServer(answers(errorMessage('internal')))
    const secure = await startTlsProxy(server.url, makeCertificate(), [])
    const { stderr, status } = await login(`${secure}/ws/userauth`)
    expect(status).toBe(1)
    expect(stderr).toContain('connection_failed')
    expect(stderr).toContain('NODE_EXTRA_CA_CERTS')
    expect(stderr).not.toContain('npm start')
  })

  it('says what the login is called in the log of the server', async () => {
    const server = await startScriptedServer(answers(errorMessage('internal', { id: '0c7a3f' })))
    const { stderr } = await login(server.url)
    expect(stderr).toMatch(/^ {2}In the server's log this login is 0c7a3f\.$/m)
  })

  it('lets no server command the terminal', async () => {
    const server = await startScriptedServer(
      answers({ type: 'error', code: '\x1b[2J', value: '\x1b]0;title\x07', id: '\x1b[3J' }),
    )
    const { stdout, stderr } = await login(server.url)
    expect(stderr).toContain('�]0;title�')
    expect(stderr).toContain('�[3J')
    expect(stdout + stderr).not.toContain('\x1b')
  })

  it('tells how to use it', async () => {
    const { stdout, status } = await login('--help')
    expect(status).toBe(0)
    expect(stdout).toMatch(/^Usage: textile-userauth login/)
  })
})

describe('--json', () => {
  it('prints steps and UserAuth, nothing masked', async () => {
    const server = await startScriptedServer(login300)
    const { result, stderr, status } = await loginJson(server.url)
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
    expect(result).toEqual({ ok: true, steps: expect.any(Array), userAuth })
    expect(result.steps).toHaveLength(6)
    expect(result.steps[0]).toEqual({ step: 'connecting', attempt: 1, at: expect.any(Number) })
  })

  it('prints the threads that the Hub lists', async () => {
    const server = await startScriptedServer(login300)
    const hub = await startFaultyWebHub(listsThreads(['notes']))
    const { result, status } = await loginJson(server.url, '--hub', hub.url)
    expect(status).toBe(0)
    expect(result.threads).toEqual([{ id: expect.stringMatching(/^b/), name: 'notes' }])
  })

  it.each(['hub_timeout', 'rate_limited', 'a_code_of_tomorrow'])(
    'prints %s, tried once',
    async (code) => {
      const server = await startScriptedServer(answers(errorMessage(code)))
      const { result, stderr, status } = await loginJson(server.url)
      expect({ stderr, status }).toEqual({ stderr: '', status: 1 })
      expect(result).toEqual({
        ok: false,
        code,
        message: `The login server refused: text of ${code}`,
      })
      expect(server.visits).toBe(1)
    },
  )
})

describe('--key', () => {
  it('logs in as the identity of the file', async () => {
    const identity = PrivateKey.fromRandom()
    const server = await startScriptedServer(wholeLogin())
    const file = await keyFile(`\n  ${identity.toString()}\n`)
    const { result } = await loginJson(server.url, '--key', file)
    expect(result).toMatchObject({ ok: true })
    expect(JSON.parse(server.received[0] ?? '').pubkey).toBe(identity.public.toString())
  })

  it('is random without', async () => {
    const server = await startScriptedServer(wholeLogin())
    await login(server.url)
    await login(server.url)
    expect(server.received[0]).not.toBe(server.received[2])
  })

  const identity = PrivateKey.fromRandom()
  it.each([
    ['nothing', ''],
    ['no key', 'wholly-other-words'],
    ['a public key', identity.public.toString()],
    ['a key in capitals', identity.toString().toUpperCase()],
    ['two keys', `${identity}\n${identity}`],
    ['half a key', identity.toString().slice(0, 60)],
  ])('refuses a file that holds %s, and does not show it', async (_, content) => {
    const server = await startScriptedServer(wholeLogin())
    const file = await keyFile(content)
    const { result, stdout, stderr, status } = await loginJson(server.url, '--key', file)
    expect(status).toBe(1)
    expect(result).toMatchObject({ ok: false, code: 'bad_key' })
    expect(result.message).toContain(file)
    for (const word of content.split(/\s/).filter(Boolean))
      expect(stdout + stderr).not.toContain(word)
    expect(server.visits).toBe(0)
  })

  it('refuses a file that is not there', async () => {
    const { result, status } = await loginJson('--key', '/no/such/file')
    expect(status).toBe(1)
    expect(result).toMatchObject({ code: 'bad_key', message: /\/no\/such\/file/ })
  })
})

describe('--hub', () => {
  it.each<[string, Script]>([
    ['refuses', async (call) => call.end(16, 'Bad API key signature')],
    ['closes at once', async (call) => call.drop()],
    ['talks nonsense', async (call) => call.send(Buffer.from('nonsense'))],
  ])('that %s is hub_failed, in words of our own', async (_, script) => {
    const server = await startScriptedServer(login300)
    const hub = await startFaultyWebHub(script)
    const { result, stdout, stderr, status } = await loginJson(server.url, '--hub', hub.url)
    expect({ stderr, status }).toEqual({ stderr: '', status: 1 })
    expect(result).toEqual({ ok: false, code: 'hub_failed', message: expect.any(String) })
    expect(result.message).toContain(hub.url)
    expect(stdout).not.toContain('Bad API')
  })

  it('that is down is hub_failed', async () => {
    const server = await startScriptedServer(login300)
    const { result, status } = await loginJson(server.url, '--hub', 'http://127.0.0.1:1')
    expect(status).toBe(1)
    expect(result).toMatchObject({ ok: false, code: 'hub_failed' })
  })

  it('that never answers is hub_failed', async () => {
    const hub = await startFaultyWebHub(async () => {})
    await expect(listThreads(userAuth, hub.url, 0.05)).rejects.toMatchObject({
      code: 'hub_failed',
      cause: { message: 'no answer in 0.05 s' },
    })
  })

  it('cannot be called with credentials that no header can carry: hub_failed too', async () => {
    const server = await startScriptedServer(
      answersSignature(() => tokenMessage({}, { key: 'schlüssel' })),
    )
    const hub = await startFaultyWebHub(listsThreads([]))
    const { result, stderr } = await loginJson(server.url, '--hub', hub.url)
    expect(stderr).toBe('')
    expect(result).toMatchObject({ ok: false, code: 'hub_failed' })
  })
})

describe('a wrong command line', () => {
  it.each([
    '--colour',
    '--key',
    '--hub',
    '--json=yes',
    'http://127.0.0.1:3001',
    '127.0.0.1:3001',
    'nonsense',
    'ws://127.0.0.1:1 ws://127.0.0.1:2',
    '--hub ws://127.0.0.1:3007',
    '--hub 127.0.0.1:3007',
  ])('shows the usage: %s', async (line) => {
    const { stdout, stderr, status } = await login(...line.split(' '))
    expect({ stdout, status }).toEqual({ stdout: '', status: 2 })
    expect(stderr).toContain('Usage: textile-userauth login')
  })

  it('does not show what may be a private key', async () => {
    const key = PrivateKey.fromRandom().toString()
    for (const args of [[key], ['--hub', key]]) {
      const { stderr, status } = await login(...args)
      expect(status).toBe(2)
      expect(stderr).not.toContain(key)
    }
  })

  it('is answered in JSON too', async () => {
    const { result, stderr, status } = await loginJson('--colour')
    expect(status).toBe(2)
    expect(result).toEqual({ ok: false, code: 'usage', message: "unknown option '--colour'" })
    expect(stderr).toContain('Usage: textile-userauth login')
  })
})
