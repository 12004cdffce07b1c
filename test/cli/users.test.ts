import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openUserStore } from '../../src/users/open-user-store.js'
import { dataFolder } from '../support/data-folder.js'
import { randomIdentity } from '../support/identity.js'
import { POSTGRES_PROGRAMS, type Postgres, startPostgres } from '../support/postgres.js'
import { runProgram } from '../support/server-process.js'
import { letPass } from '../support/store-sql.js'

const { pubkey } = randomIdentity()

/** Runs the command with a store of its own, in a new folder. */
async function users(...args: string[]) {
  return usersOf({ DATA_DIR: await dataFolder() }, ...args)
}

function usersOf(environment: Record<string, string>, ...args: string[]) {
  return runProgram('cli/main.js', environment, ['users', ...args])
}

/** Runs the command with `--json`; it must print one line. */
async function usersJson(environment: Record<string, string>, ...args: string[]) {
  const { stdout, stderr, status } = await usersOf(environment, ...args, '--json')
  expect(stdout).toMatch(/^[^\n]+\n$/)
  return { result: JSON.parse(stdout), stdout, stderr, status }
}

/** Records logins as a server would, and blocks the last of the users if a reason is given. */
async function folderWith(pubkeys: readonly string[], reason?: string): Promise<string> {
  const folder = await dataFolder()
  const store = await openUserStore({ kind: 'sqlite', folder })
  for (const key of pubkeys) await store.recordLogin(key)
  const last = pubkeys.at(-1)
  if (last !== undefined && reason !== undefined) await store.block(last, reason)
  await store.close()
  return folder
}

describe('for people', () => {
  it('lists users in a table', async () => {
    const { pubkey: other } = randomIdentity()
    const DATA_DIR = await folderWith([pubkey, pubkey, other], 'spam')
    const { stdout, stderr, status } = await usersOf({ DATA_DIR }, 'list')
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
    const time = '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\dZ'
    expect(stdout).toMatch(/^ {2}PUBLIC KEY +FIRST SEEN +LAST SEEN +LOGINS {2}BLOCKED$/m)
    expect(stdout).toMatch(new RegExp(`^ {2}${pubkey} {2}${time} {2}${time} {2}2$`, 'm'))
    expect(stdout).toMatch(
      new RegExp(`^ {2}${other} {2}${time} {2}${time} {2}1 {7}${time}: spam$`, 'm'),
    )
  })

  it('says that there are none', async () => {
    expect(await users('list')).toMatchObject({ stdout: '\n  No users.\n\n', status: 0 })
  })

  it('shows, blocks and lets in again', async () => {
    const DATA_DIR = await folderWith([pubkey])
    const shown = await usersOf({ DATA_DIR }, 'show', pubkey)
    expect(shown).toMatchObject({ stdout: expect.stringMatching(/blocked +no\n/), status: 0 })
    const blocked = await usersOf({ DATA_DIR }, 'block', pubkey, '--reason', ' spam ')
    expect(blocked).toMatchObject({ stdout: expect.stringMatching(/: spam\n/), status: 0 })
    const unblocked = await usersOf({ DATA_DIR }, 'unblock', pubkey)
    expect(unblocked).toMatchObject({ stdout: expect.stringMatching(/blocked +no\n/), status: 0 })
  })

  it('says what a block cannot do', async () => {
    const { stdout } = await users('block', pubkey, '--reason', 'spam')
    expect(stdout).toMatch(/Tokens already handed out to this user never expire/)
    expect(stdout).toMatch(/API signatures are not bound to a user/)
  })

  it('ends the sessions of a user, seen before or not, and says what that cannot do', async () => {
    const DATA_DIR = await folderWith([pubkey])
    for (const key of [pubkey, randomIdentity().pubkey]) {
      const { stdout, stderr, status } = await usersOf({ DATA_DIR }, 'sign-out', key)
      expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
      expect(stdout).toMatch(/^\n {2}Signed out\.\n\n {2}public key {2}b/)
      expect(stdout).toMatch(/The user can log in again/)
      const store = await openUserStore({ kind: 'sqlite', folder: DATA_DIR })
      expect(await store.find(key)).toMatchObject({ session: 1, block: undefined })
      await store.close()
    }
  })

  it('tells logins and renewals apart', async () => {
    const DATA_DIR = await folderWith([pubkey, pubkey])
    await letPass({ kind: 'sqlite', folder: DATA_DIR }, pubkey, 61)
    const store = await openUserStore({ kind: 'sqlite', folder: DATA_DIR })
    await store.recordRenewal(pubkey, 0)
    await store.close()
    const { stdout } = await usersOf({ DATA_DIR }, 'show', pubkey)
    expect(stdout).toMatch(/^ {2}logins {6}2\n {2}renewals {4}1$/m)
  })

  it('says where there is no such user', async () => {
    for (const command of ['show', 'unblock']) {
      const { stdout, stderr, status } = await users(command, pubkey)
      expect({ stdout, status }).toEqual({ stdout: '', status: 1 })
      expect(stderr).toContain('never logged in')
    }
  })

  it.each(['list', 'show'])('%s lets no reason command the terminal', async (command) => {
    const DATA_DIR = await folderWith([pubkey], '\x1b[2J\n  forged line\x9b\r')
    const { stdout } = await usersOf({ DATA_DIR }, command, ...(command === 'show' ? [pubkey] : []))
    expect(stdout).toContain('�[2J�  forged line��\n')
    expect(stdout.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
  })

  it('tells how to use it', async () => {
    const { stdout, status } = await users('--help')
    expect(status).toBe(0)
    expect(stdout).toMatch(/^Usage: textile-userauth users/)
  })
})

describe('--json', () => {
  it('prints users page by page', async () => {
    const pubkeys = Array.from({ length: 3 }, () => randomIdentity().pubkey).toSorted()
    const DATA_DIR = await folderWith(pubkeys, 'line\nbreak')
    const first = await usersJson({ DATA_DIR }, 'list', '--limit', '2')
    const time = expect.stringMatching(/^\d{4}-.*Z$/)
    const seen = { firstSeen: time, lastSeen: time, logins: 1, renewals: 0 }
    expect(first.result).toEqual({
      ok: true,
      users: pubkeys.slice(0, 2).map((key) => ({ pubkey: key, ...seen, block: null })),
      next: pubkeys[1],
    })
    const rest = await usersJson({ DATA_DIR }, 'list', '--limit', '2', '--after', first.result.next)
    const block = { reason: 'line\nbreak', since: time }
    expect(rest.result).toEqual({
      ok: true,
      users: [{ pubkey: pubkeys[2], ...seen, block }],
      next: null,
    })
  })

  it('prints the user that was blocked before any login', async () => {
    const DATA_DIR = await dataFolder()
    const { result, stderr, status } = await usersJson(
      { DATA_DIR },
      ...['block', pubkey, '--reason', 'spam'],
    )
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
    expect(result).toEqual({
      ok: true,
      user: {
        pubkey,
        firstSeen: null,
        lastSeen: null,
        logins: 0,
        renewals: 0,
        block: { reason: 'spam', since: expect.any(String) },
      },
    })
  })

  it('prints unknown_user', async () => {
    const { result, stderr, status } = await usersJson(
      { DATA_DIR: await dataFolder() },
      ...['show', pubkey],
    )
    expect({ stderr, status }).toEqual({ stderr: '', status: 1 })
    expect(result).toEqual({ ok: false, code: 'unknown_user', message: expect.any(String) })
  })

  it.each([
    [{ DATABASE_URL: 'mysql://me:my-secret@127.0.0.1/users' }, /^DATABASE_URL: must be/],
    [{ DATABASE_URL: 'postgres://me:my-secret@127.0.0.1:1/users' }, /^DATABASE_URL: the database/],
    [{ DATA_DIR: '/dev/null' }, /^DATA_DIR: /],
  ])('names the variable that is wrong: %j', async (environment, message) => {
    const { result, stdout, stderr, status } = await usersJson({ ...environment }, 'list')
    expect(status).toBe(1)
    expect(result).toMatchObject({
      ok: false,
      code: 'bad_config',
      message: expect.stringMatching(message),
    })
    expect(stdout + stderr).not.toContain('my-secret')
  })
})

describe('a wrong command line', () => {
  it.each([
    [''],
    ['remove', pubkey],
    ['list', pubkey],
    ['list', '--limit', '0'],
    ['list', '--limit', '1001'],
    ['list', '--limit', '1e2'],
    ['list', '--after', 'b'],
    ['list', '--reason', 'spam'],
    ['show'],
    ['show', pubkey.toUpperCase()],
    ['show', pubkey, pubkey],
    ['unblock', pubkey, '--reason', 'spam'],
    ['sign-out'],
    ['sign-out', pubkey, '--reason', 'spam'],
    ['block', pubkey],
    ['block', pubkey, '--reason', ' '],
    ['block', pubkey, '--reason', 'two\nlines'],
    ['block', pubkey, '--reason', 'x'.repeat(201)],
    ['block', '--reason', 'spam'],
    ['show', pubkey, '--colour'],
  ])('shows the usage: %j', async (...args) => {
    const { stdout, stderr, status } = await users(...args)
    expect({ stdout, status }).toEqual({ stdout: '', status: 2 })
    expect(stderr).toContain('Usage: textile-userauth users')
  })

  it('is answered in JSON too', async () => {
    const { result, stderr, status } = await usersJson({}, 'show', 'b')
    expect(status).toBe(2)
    expect(result).toEqual({
      ok: false,
      code: 'usage',
      message: expect.stringMatching(/^this is not a public key/),
    })
    expect(stderr).toContain('Usage: textile-userauth users')
  })
})

describe.skipIf(!POSTGRES_PROGRAMS)('with PostgreSQL', () => {
  let postgres: Postgres
  beforeAll(async () => {
    postgres = await startPostgres()
  })
  afterAll(() => postgres?.close())

  it('blocks, lists and lets in again', async () => {
    const environment = { DATABASE_URL: postgres.url }
    const { result } = await usersJson(environment, 'block', pubkey, '--reason', 'spam')
    expect(result).toMatchObject({ ok: true, user: { pubkey, logins: 0 } })
    const listed = await usersJson(environment, 'list')
    expect(listed.result).toEqual({ ok: true, users: [result.user], next: null })
    const unblocked = await usersJson(environment, 'unblock', pubkey)
    expect(unblocked.result.user).toMatchObject({ pubkey, block: null })
  })
})
