import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { Client } from '@textile/hub'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OPTIONAL_PACKAGES } from '../../src/dev-hub/domains.js'
import { dataFolder } from '../support/data-folder.js'
import { randomIdentity } from '../support/identity.js'
import { ProgramProcess, runProgram, SERVER } from '../support/server-process.js'
import { TestApp } from '../support/test-app.js'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')

describe('after npm ci --omit=dev', () => {
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'userauth-production-'))
    for (const part of ['dist', 'package.json', 'package-lock.json']) {
      await cp(join(ROOT, part), join(folder, part), { recursive: true })
    }
    const install = ['ci', '--omit=dev', '--prefer-offline', '--no-audit', '--no-fund']
    await run('npm', install, { cwd: folder })
  }, 300_000)

  afterAll(() => rm(folder, { recursive: true, force: true }))

  /** A program of that installation, by its path from this one's build. */
  const program = (path: string) => relative(join(ROOT, 'dist'), join(folder, 'dist', path))

  it('what only the development Hub needs is not installed', async () => {
    const installed = await readdir(join(folder, 'node_modules'))
    expect(installed).toContain('libsql')
    // Some of the others come with Koa.
    for (const name of ['ajv', 'ipfs-unixfs-importer', 'quickjs-emscripten', 'ulid']) {
      expect(OPTIONAL_PACKAGES).toContain(name)
      expect(installed).not.toContain(name)
    }
  })

  it('users log in and are kept, and list their threads at the built-in Hub', async () => {
    const DATA_DIR = await dataFolder()
    const server = await ProgramProcess.start(program('index.js'), { ...SERVER, DATA_DIR })
    const [, hubUrl = ''] = await server.printed(/runs at (http:\S+)/)
    const [, url = ''] = await server.printed(/users log in at (ws:\S+?userauth)/)
    const identity = randomIdentity()
    const { pubkey } = identity
    const app = await TestApp.connect(url)
    const { value } = await app.login(identity)
    const { stdout } = await runProgram(program('cli/main.js'), { DATA_DIR }, [
      'users',
      'list',
      '--json',
    ])
    expect(JSON.parse(stdout)).toMatchObject({ users: [{ pubkey, logins: 1 }] })

    const client = Client.withUserAuth(Object(value), hubUrl)
    expect(await client.listThreads()).toEqual([])
    const install = `npm install --save-dev ${OPTIONAL_PACKAGES.join(' ')}`
    await expect(client.newDB()).rejects.toThrow(install)
  })
})
