import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import Libsql from 'libsql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ConfigError, explainUserStoreError } from '../../src/config/config-error.js'
import {
  OpenUserStoreError,
  openUserStore,
  type UsersConfig,
} from '../../src/users/open-user-store.js'
import { dataFolder } from '../support/data-folder.js'
import { randomIdentity } from '../support/identity.js'
import { freePort, takenPort } from '../support/ports.js'
import { type Postgres, startPostgres } from '../support/postgres.js'
import { emptyDatabase, query } from '../support/postgres-database.js'
import { PROGRAMS } from '../support/programs.js'

/** How many instances start at once. */
const INSTANCES = 5

/** What is said when opening the store fails, in the line that names the variable. */
async function errorOf(users: UsersConfig): Promise<string> {
  const store = await openUserStore(users).catch((error: unknown) => {
    expect(error).toBeInstanceOf(OpenUserStoreError)
    expect(error).not.toHaveProperty('cause')
    return lineFor(error)
  })
  if (typeof store === 'string') return store
  await store.close()
  return 'none'
}

/** The line that a program of ours prints. */
function lineFor(error: unknown): string {
  try {
    return explainUserStoreError(error)
  } catch (explained) {
    if (explained instanceof ConfigError && explained.errors.length === 1) return explained.message
    throw explained
  }
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
    expect(await errorOf({ kind: 'sqlite', folder })).toBe('none')
  })

  it('may be opened by several instances at once', async () => {
    expect(await startAtOnce({ kind: 'sqlite', folder: await dataFolder() })).toBe(INSTANCES)
  })

  it('cannot be where a file is', async () => {
    const folder = join(await dataFolder(), 'file')
    await writeFile(folder, '')
    expect(await errorOf({ kind: 'sqlite', folder })).toMatch(
      /^DATA_DIR: .*\/file can't be used: .*; it must be a folder/,
    )
  })

  it('cannot be what another program wrote', async () => {
    const folder = await dataFolder()
    await writeFile(
      join(folder, 'users.sqlite'),
      'not a database, but long enough to look like one',
    )
    expect(await errorOf({ kind: 'sqlite', folder })).toMatch(/^DATA_DIR: .*not a database/)
  })

  it('cannot be what a newer program wrote', async () => {
    const folder = await dataFolder()
    await errorOf({ kind: 'sqlite', folder })
    executeInFile(folder, 'INSERT INTO userauth_schema VALUES (1000)')
    expect(await errorOf({ kind: 'sqlite', folder })).toMatch(
      /^DATA_DIR: .*tables are of version 1000,.*; run the newer program$/,
    )
  })
})

describe('a store in PostgreSQL that is not there', () => {
  it.each(['127.0.0.1', 'localhost'])('names DATABASE_URL: %s', async (host) => {
    const url = `postgres://me:my-secret@${host}:${await freePort()}/users`
    const error = await errorOf({ kind: 'postgres', url })
    expect(error).toMatch(/^DATABASE_URL: .*ECONNREFUSED.*; check that it runs/)
    expect(error).toContain(host)
    expect(error).not.toContain('my-secret')
  })

  it('cannot be where the URL is none, which is not shown either', async () => {
    const error = await errorOf({ kind: 'postgres', url: 'postgres://me:my-secret@:x/users' })
    expect(error).toMatch(/^DATABASE_URL: the database can't be used: /)
    expect(error).not.toContain('my-secret')
  })

  it('is given up where the other side says nothing', async () => {
    const url = `postgres://me:my-secret@127.0.0.1:${await takenPort()}/users`
    const error = await errorOf({ kind: 'postgres', url })
    expect(error).toMatch(/^DATABASE_URL: .*timeout/)
    expect(error).not.toContain('my-secret')
  })
})

describe.skipIf(!PROGRAMS.initdb)('a store in PostgreSQL', () => {
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
    expect(await errorOf({ kind: 'postgres', url })).toBe('none')
  })

  it.each(['password', 'pathname'] as const)('needs the right %s', async (part) => {
    const wrong = new URL(postgres.url)
    wrong[part] = 'my-secret-or-not'
    const error = await errorOf({ kind: 'postgres', url: wrong.href })
    expect(error).toMatch(
      /^DATABASE_URL: the database at 127\.0\.0\.1:\d+ can't be used: .*; check/,
    )
    expect(error).not.toContain(postgres.password)
    expect(error).not.toContain(encodeURIComponent(postgres.password))
    if (part === 'password') expect(error).not.toContain('my-secret')
  })

  it('cannot be what a newer program wrote, and is left as it was', async () => {
    const url = await emptyDatabase(postgres.url)
    const versions = () => query(url, 'SELECT version FROM userauth_schema ORDER BY version')
    await errorOf({ kind: 'postgres', url })
    await query(url, 'INSERT INTO userauth_schema VALUES (1000)')
    expect(await errorOf({ kind: 'postgres', url })).toMatch(
      /^DATABASE_URL: .*tables are of version 1000,.*; run the newer program$/,
    )
    expect(await versions()).toEqual([{ version: 1 }, { version: 1000 }])
  })

  it('leaves nothing half made where a migration fails', async () => {
    const url = await emptyDatabase(postgres.url)
    await query(url, 'CREATE TABLE userauth_users (id INTEGER)')
    expect(await errorOf({ kind: 'postgres', url })).toMatch(/^DATABASE_URL: .*already exists/)
    const [made] = await query(url, "SELECT to_regclass('userauth_schema') AS name")
    expect(made).toEqual({ name: null })
  })
})
