import { join } from 'node:path'
import { inspect } from 'node:util'
import Libsql from 'libsql'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { openUserStore } from '../../src/users/open-user-store.js'
import { openSqlite } from '../../src/users/sqlite.js'
import type { UserStore } from '../../src/users/user-store.js'
import { dataFolder } from '../support/data-folder.js'
import { randomIdentity } from '../support/identity.js'
import { type Postgres, startPostgres } from '../support/postgres.js'
import { emptyDatabase, query } from '../support/postgres-database.js'
import { PROGRAMS } from '../support/programs.js'

/** Has many users log in at once, so that several connections are in use. */
async function logInCrowd(store: UserStore): Promise<void> {
  await Promise.all(Array.from({ length: 20 }, () => store.recordLogin(randomIdentity().pubkey)))
}

describe('a file that another process keeps to itself', () => {
  const pubkey = randomIdentity().pubkey

  /** Opens a store, and a connection of another program's to the same file. */
  async function openTwice() {
    const folder = await dataFolder()
    const store = await openUserStore({ kind: 'sqlite', folder })
    const other = new Libsql(join(folder, 'users.sqlite'))
    onTestFinished(async () => {
      await store.close()
      other.close()
    })
    return { folder, store, other }
  }

  it('is waited for, while this process does other things', async () => {
    const { store, other } = await openTwice()
    other.exec('BEGIN IMMEDIATE')
    const login = store.recordLogin(pubkey)
    // Nothing could let go of the file if the wait blocked this process.
    setImmediate(() => other.exec('COMMIT'))
    expect(await login).toMatchObject({ logins: 1 })
  })

  it('fails logins after a while, and loses none of those that follow', async () => {
    const { folder, store, other } = await openTwice()
    await store.recordLogin(pubkey)
    other.exec('BEGIN IMMEDIATE')
    await expect(store.recordLogin(pubkey)).rejects.toMatchObject({
      name: 'UserStoreError',
      cause: { code: 'SQLITE_BUSY' },
    })
    other.exec('COMMIT')
    await store.recordLogin(pubkey)
    await store.recordLogin(pubkey)
    const reopened = await openUserStore({ kind: 'sqlite', folder })
    expect(await reopened.find(pubkey)).toMatchObject({ logins: 3 })
    await reopened.close()
  })
})

describe('a statement that fails in SQLite', () => {
  it('does not keep those after it from being committed', async () => {
    const folder = await dataFolder()
    const database = await openSqlite(folder)
    const add = 'INSERT INTO userauth_users (pubkey, logins) VALUES ($1, 0) RETURNING pubkey'
    await database.execute(add, ['one'])
    await expect(database.execute(add, ['one'])).rejects.toThrow(/UNIQUE/)
    await database.execute(add, ['two'])
    const other = await openSqlite(folder)
    const list = 'SELECT pubkey FROM userauth_users ORDER BY pubkey'
    expect(await other.execute(list)).toEqual([{ pubkey: 'one' }, { pubkey: 'two' }])
    await database.close()
    await other.close()
  })
})

describe.skipIf(!PROGRAMS.initdb)('PostgreSQL', () => {
  let postgres: Postgres
  beforeAll(async () => {
    postgres = await startPostgres()
  })
  afterAll(() => postgres?.close())

  async function open() {
    const url = await emptyDatabase(postgres.url)
    const store = await openUserStore({ kind: 'postgres', url })
    onTestFinished(() => store.close())
    return { url, store }
  }

  it('may stop and come back: logins fail meanwhile, and none is lost', async () => {
    const { store } = await open()
    const { pubkey } = randomIdentity()
    await logInCrowd(store)
    await store.recordLogin(pubkey)
    await postgres.stop()
    const failure = { name: 'UserStoreError', cause: expect.any(Error) }
    await expect(store.recordLogin(pubkey)).rejects.toMatchObject(failure)
    await expect(store.find(pubkey)).rejects.toMatchObject(failure)
    await postgres.start()
    expect(await store.recordLogin(pubkey)).toMatchObject({ logins: 2 })
    await logInCrowd(store)
  })

  it('may stop in the midst of logins', async () => {
    const { store } = await open()
    const { pubkey } = randomIdentity()
    await store.recordLogin(pubkey)
    const logins = Array.from({ length: 200 }, () => store.recordLogin(pubkey))
    const outcomes = Promise.allSettled(logins)
    await logins[0]
    await postgres.stop()
    const recorded = (await outcomes).filter(({ status }) => status === 'fulfilled').length
    // The driver puts whole connections, password and all, into some of its errors.
    const everything = inspect(await outcomes, {
      depth: Number.POSITIVE_INFINITY,
      maxArrayLength: null,
    })
    expect(everything).not.toContain(postgres.password)
    await postgres.start()
    const user = await store.find(pubkey)
    expect(user?.logins).toBeGreaterThanOrEqual(1 + recorded)
  })

  it('that says nothing any more fails a login, and serves the next on another connection', async () => {
    const { url, store } = await open()
    const { pubkey } = randomIdentity()
    await store.recordLogin(pubkey)
    const find =
      'SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()'
    const backends = z.array(z.object({ pid: z.int() })).parse(await query(url, find))
    for (const { pid } of backends) process.kill(pid, 'SIGSTOP')
    onTestFinished(() => {
      for (const { pid } of backends) process.kill(pid, 'SIGCONT')
    })
    await expect(store.recordLogin(pubkey)).rejects.toMatchObject({
      cause: { message: expect.stringMatching(/read timeout/) },
    })
    expect(await store.recordLogin(pubkey)).toMatchObject({ logins: 2 })
  })

  it('that does not get round to a login in time fails it, and serves the next', async () => {
    const { url, store } = await open()
    const { pubkey } = randomIdentity()
    await store.recordLogin(pubkey)
    const other = new pg.Client(url)
    await other.connect()
    await other.query('BEGIN')
    await other.query('SELECT * FROM userauth_users FOR UPDATE')
    await expect(store.recordLogin(pubkey)).rejects.toMatchObject({
      cause: { message: expect.stringMatching(/statement timeout/) },
    })
    await other.end()
    expect(await store.recordLogin(pubkey)).toMatchObject({ logins: 2 })
  })
})
