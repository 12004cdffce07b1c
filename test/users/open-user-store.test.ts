import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import Libsql from 'libsql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ConfigError, type UsersConfig } from '../../src/config/config.js'
import { openUserStore } from '../../src/users/open-user-store.js'
import { dataFolder } from '../support/data-folder.js'
import { randomIdentity } from '../support/identity.js'
import { freePort, takenPort } from '../support/ports.js'
import { POSTGRES_PROGRAMS, type Postgres, startPostgres } from '../support/postgres.js'
import { emptyDatabase, query } from '../support/postgres-database.js'

/** How many instances start at once. */
const INSTANCES = 5

/** The one fault that opening the store ends with. */
async function faultOf(users: UsersConfig): Promise<string> {
  const store = await openUserStore(users).catch((error: unknown) => {
    if (error instanceof ConfigError && error.faults.length === 1) return error.message
    throw error
  })
  if (typeof store === 'string') return store
  await store.close()
  return 'none'
}

/** Opens an empty store many times at once. @returns how many logins all of them recorded */
async function startAtOnce(users: UsersConfig): Promise<number | undefined> {
  const { pubkey } = randomIdentity()
  const stores = await Promise.all(Array.from({ length: INSTANCES }, () => openUserStore(users)))
  await Promise.all(stores.map((store) => store.recordLogin(pubkey)))
  const user = await stores[0]?.find(pubkey)
  await Promise.all(stores.map((store) => store.close()))
  return user?.logins
}

/** Does something to the tables of SQLite as another program would. */
function executeInFile(folder: string, sql: string): void {
  const other = new Libsql(join(folder, 'users.sqlite'))
  other.exec(sql)
  other.close()
}

describe('a store in SQLite', () => {
  it('makes its folder', async () => {
    const folder = join(await dataFolder(), 'a', 'b')
    expect(await faultOf({ kind: 'sqlite', folder })).toBe('none')
  })

  it('may be opened by several instances at once', async () => {
    expect(await startAtOnce({ kind: 'sqlite', folder: await dataFolder() })).toBe(INSTANCES)
  })

  it('cannot be where a file is', async () => {
    const folder = join(await dataFolder(), 'file')
    await writeFile(folder, '')
    expect(await faultOf({ kind: 'sqlite', folder })).toMatch(
      /^DATA_DIR: .*\/file can't be used: .*; it must be a folder/,
    )
  })

  it('cannot be what another program wrote', async () => {
    const folder = await dataFolder()
    await writeFile(
      join(folder, 'users.sqlite'),
      'not a database, but long enough to look like one',
    )
    expect(await faultOf({ kind: 'sqlite', folder })).toMatch(/^DATA_DIR: .*not a database/)
  })

  it('cannot be what a newer program wrote', async () => {
    const folder = await dataFolder()
    await faultOf({ kind: 'sqlite', folder })
    executeInFile(folder, 'INSERT INTO userauth_schema VALUES (1000)')
    expect(await faultOf({ kind: 'sqlite', folder })).toMatch(
      /^DATA_DIR: .*tables are of version 1000,.*; run the newer program$/,
    )
  })
})

describe('a store in PostgreSQL that is not there', () => {
  it.each(['127.0.0.1', 'localhost'])('names DATABASE_URL: %s', async (host) => {
    const url = `postgres://me:my-secret@${host}:${await freePort()}/users`
    const fault = await faultOf({ kind: 'postgres', url })
    expect(fault).toMatch(/^DATABASE_URL: .*ECONNREFUSED.*; check that it runs/)
    expect(fault).toContain(host)
    expect(fault).not.toContain('my-secret')
  })

  it('is given up where the other side says nothing', async () => {
    const url = `postgres://me:my-secret@127.0.0.1:${await takenPort()}/users`
    const fault = await faultOf({ kind: 'postgres', url })
    expect(fault).toMatch(/^DATABASE_URL: .*timeout/)
    expect(fault).not.toContain('my-secret')
  })
})

describe.skipIf(!POSTGRES_PROGRAMS)('a store in PostgreSQL', () => {
  let postgres: Postgres
  beforeAll(async () => {
    postgres = await startPostgres()
  })
  afterAll(() => postgres?.close())

  it('may be opened by several instances at once', async () => {
    const url = await emptyDatabase(postgres.url)
    expect(await startAtOnce({ kind: 'postgres', url })).toBe(INSTANCES)
  })

  it('lives beside the tables of others', async () => {
    const url = await emptyDatabase(postgres.url)
    await query(url, 'CREATE TABLE users (id INTEGER)')
    expect(await faultOf({ kind: 'postgres', url })).toBe('none')
  })

  it.each(['password', 'pathname'] as const)('needs the right %s', async (part) => {
    const wrong = new URL(postgres.url)
    wrong[part] = 'my-secret-or-not'
    const fault = await faultOf({ kind: 'postgres', url: wrong.href })
    expect(fault).toMatch(
      /^DATABASE_URL: the database at 127\.0\.0\.1:\d+ can't be used: .*; check/,
    )
    expect(fault).not.toContain(postgres.password)
    expect(fault).not.toContain(encodeURIComponent(postgres.password))
    if (part === 'password') expect(fault).not.toContain('my-secret')
  })

  it('cannot be what a newer program wrote, and is left as it was', async () => {
    const url = await emptyDatabase(postgres.url)
    const versions = () => query(url, 'SELECT version FROM userauth_schema ORDER BY version')
    await faultOf({ kind: 'postgres', url })
    await query(url, 'INSERT INTO userauth_schema VALUES (1000)')
    expect(await faultOf({ kind: 'postgres', url })).toMatch(
      /^DATABASE_URL: .*tables are of version 1000,.*; run the newer program$/,
    )
    expect(await versions()).toEqual([{ version: 1 }, { version: 2 }, { version: 1000 }])
  })

  it('leaves nothing half made where a migration fails', async () => {
    const url = await emptyDatabase(postgres.url)
    await query(url, 'CREATE TABLE userauth_users (id INTEGER)')
    expect(await faultOf({ kind: 'postgres', url })).toMatch(/^DATABASE_URL: .*already exists/)
    const [made] = await query(url, "SELECT to_regclass('userauth_schema') AS name")
    expect(made).toEqual({ name: null })
  })
})
