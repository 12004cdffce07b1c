import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { openUserStore, type UsersConfig } from '../../src/users/open-user-store.js'
import type { UserStore } from '../../src/users/user-store.js'
import { dataFolder } from '../support/data-folder.js'
import { randomIdentity } from '../support/identity.js'
import { type Postgres, startPostgres } from '../support/postgres.js'
import { emptyDatabase } from '../support/postgres-database.js'
import { PROGRAMS } from '../support/programs.js'
import { WriterProcess } from './writer-process.js'

/** How many processes there are, and how many logins each of them records. */
const WRITERS = 2
const LOGINS = 300

let postgres: Postgres
beforeAll(async () => {
  if (PROGRAMS.initdb) postgres = await startPostgres()
})
afterAll(() => postgres?.close())

/** Each store, and what makes a new empty one. */
const stores: [name: string, isThere: boolean, configure: () => Promise<UsersConfig>][] = [
  ['SQLite', true, async () => ({ kind: 'sqlite', folder: await dataFolder() })],
  [
    'PostgreSQL',
    PROGRAMS.initdb !== undefined,
    async () => ({ kind: 'postgres', url: await emptyDatabase(postgres.url) }),
  ],
]

describe.each(stores)('users in %s', (_, isThere, configure) => {
  describe.skipIf(!isThere)('', () => {
    /** Opens a store that ends with the test: a new one, or another door to one that there is. */
    async function open(users?: UsersConfig): Promise<UserStore> {
      const store = await openUserStore(users ?? (await configure()))
      onTestFinished(() => store.close().catch(() => {}))
      return store
    }

    it('are recorded when they first log in', async () => {
      const store = await open()
      const { pubkey } = randomIdentity()
      const before = Date.now()
      const user = await store.recordLogin(pubkey)
      const after = Date.now()
      expect(user).toEqual({
        pubkey,
        firstSeen: expect.any(Date),
        lastSeen: expect.any(Date),
        logins: 1,
        block: undefined,
      })
      for (const time of [user.firstSeen, user.lastSeen]) {
        expect(time?.getTime()).toBeGreaterThanOrEqual(before)
        expect(time?.getTime()).toBeLessThanOrEqual(after)
      }
      expect(await store.find(pubkey)).toEqual(user)
    })

    it('are counted, and seen later, at each further login', async () => {
      const store = await open()
      const { pubkey } = randomIdentity()
      const first = await store.recordLogin(pubkey)
      // Not before the clock has moved on.
      await vi.waitUntil(() => Date.now() > Number(first.lastSeen))
      const second = await store.recordLogin(pubkey)
      expect(second).toMatchObject({ firstSeen: first.firstSeen, logins: 2 })
      expect(Number(second.lastSeen)).toBeGreaterThan(Number(first.lastSeen))
      expect(await store.recordLogin(pubkey)).toMatchObject({ logins: 3 })
    })

    it('are not confused with each other', async () => {
      const store = await open()
      const [one, other] = [randomIdentity().pubkey, randomIdentity().pubkey]
      await store.recordLogin(one)
      await store.recordLogin(one)
      await store.recordLogin(other)
      await store.block(other, 'spam')
      expect(await store.find(one)).toMatchObject({ logins: 2, block: undefined })
      expect(await store.find(randomIdentity().pubkey)).toBeUndefined()
    })

    it('that are blocked are not recorded, and told why', async () => {
      const store = await open()
      const { pubkey } = randomIdentity()
      const seen = await store.recordLogin(pubkey)
      const block = { reason: 'spam', since: expect.any(Date) }
      expect(await store.block(pubkey, 'spam')).toEqual({ ...seen, block })
      expect(await store.recordLogin(pubkey)).toEqual({ ...seen, block })
      expect(await store.find(pubkey)).toEqual({ ...seen, block })
    })

    it('that are let in again are recorded again', async () => {
      const store = await open()
      const { pubkey } = randomIdentity()
      const seen = await store.recordLogin(pubkey)
      await store.block(pubkey, 'spam')
      expect(await store.unblock(pubkey)).toEqual(seen)
      expect(await store.recordLogin(pubkey)).toMatchObject({ logins: 2, block: undefined })
    })

    it('may be blocked before they are seen', async () => {
      const store = await open()
      const { pubkey } = randomIdentity()
      const user = await store.block(pubkey, 'known from elsewhere')
      const never = { firstSeen: undefined, lastSeen: undefined, logins: 0 }
      expect(user).toMatchObject({ pubkey, ...never })
      expect(await store.recordLogin(pubkey)).toEqual(user)
      await store.unblock(pubkey)
      const seen = await store.recordLogin(pubkey)
      expect(seen).toMatchObject({ logins: 1, firstSeen: expect.any(Date) })
      expect(seen.lastSeen).toEqual(expect.any(Date))
    })

    it('that are blocked again keep the time, and get the new reason', async () => {
      const store = await open()
      const { pubkey } = randomIdentity()
      const first = await store.block(pubkey, 'spam')
      await vi.waitUntil(() => Date.now() > Number(first.block?.since))
      const { block } = await store.block(pubkey, 'much spam')
      expect(block).toEqual({ reason: 'much spam', since: first.block?.since })
    })

    it('that there are none of cannot be let in again', async () => {
      const store = await open()
      const { pubkey } = randomIdentity()
      expect(await store.unblock(pubkey)).toBeUndefined()
      expect(await store.find(pubkey)).toBeUndefined()
    })

    it.each(["'; DROP TABLE userauth_users; --", '$1 ? :a', 'ünï \u{1f512}\n\x1b[2J', ''])(
      'keep the reason %j as it is',
      async (reason) => {
        const store = await open()
        const { pubkey } = randomIdentity()
        await store.block(pubkey, reason)
        expect((await store.find(pubkey))?.block?.reason).toBe(reason)
      },
    )

    it('are listed by key, page by page', async () => {
      const store = await open()
      const pubkeys = Array.from({ length: 5 }, () => randomIdentity().pubkey)
      expect(await store.list({ limit: 10 })).toEqual([])
      for (const pubkey of pubkeys) await store.recordLogin(pubkey)
      const sorted = pubkeys.toSorted()
      const keysOf = async (limit: number, after?: string) =>
        (await store.list({ limit, after })).map(({ pubkey }) => pubkey)
      expect(await keysOf(2)).toEqual(sorted.slice(0, 2))
      expect(await keysOf(2, sorted[1])).toEqual(sorted.slice(2, 4))
      expect(await keysOf(2, sorted[3])).toEqual(sorted.slice(4))
      expect(await keysOf(2, sorted[4])).toEqual([])
    })

    it('outlive the store being closed', async () => {
      const users = await configure()
      const store = await open(users)
      const { pubkey } = randomIdentity()
      const user = await store.recordLogin(pubkey)
      await store.close()
      expect(await (await open(users)).find(pubkey)).toEqual(user)
    })

    it('fail with an error of the store where it is closed', async () => {
      const store = await open()
      await store.close()
      const error = { name: 'UserStoreError', cause: expect.any(Error) }
      await expect(store.recordLogin(randomIdentity().pubkey)).rejects.toMatchObject(error)
    })

    it('may log in many at once', async () => {
      const store = await open()
      const { pubkey } = randomIdentity()
      const logins = Array.from({ length: 100 }, () => store.recordLogin(pubkey))
      const counts = (await Promise.all(logins)).map((user) => user.logins)
      expect(counts.toSorted((a, b) => a - b)).toEqual(counts.map((_, index) => index + 1))
    })

    it('are not recorded once block has returned, however many log in at once', async () => {
      const users = await configure()
      const [server, operator] = [await open(users), await open(users)]
      const { pubkey } = randomIdentity()
      const logins = Array.from({ length: 50 }, () => server.recordLogin(pubkey))
      const { logins: counted } = await operator.block(pubkey, 'spam')
      const answers = await Promise.all(logins)
      expect(answers.filter(({ block }) => !block)).toHaveLength(counted)
      expect(await operator.find(pubkey)).toMatchObject({ logins: counted })
    })

    it('are counted by two processes, none lost, from an empty store on', async () => {
      const users = await configure()
      const { pubkey } = randomIdentity()
      const writers = Array.from({ length: WRITERS }, () => new WriterProcess(users))
      await Promise.all(writers.map((writer) => writer.ready()))
      for (const writer of writers) writer.record(pubkey, LOGINS)
      expect(await Promise.all(writers.map((writer) => writer.ended()))).toEqual([0, 0])
      expect((await (await open(users)).find(pubkey))?.logins).toBe(WRITERS * LOGINS)
    })

    it('are kept when the process that recorded them is killed', async () => {
      const users = await configure()
      const { pubkey } = randomIdentity()
      const writer = new WriterProcess(users)
      await writer.ready()
      writer.record(pubkey, 1_000_000)
      await writer.reached(50)
      writer.kill()
      expect(await writer.ended()).toBeNull()
      const user = await (await open(users)).find(pubkey)
      expect(user?.logins).toBeGreaterThanOrEqual(writer.recorded)
    })
  })
})
