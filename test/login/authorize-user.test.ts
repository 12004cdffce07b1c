import { pino } from 'pino'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Authorize, Decision } from '../../src/users/authorize.js'
import { openUserStore } from '../../src/users/open-user-store.js'
import { type UserStore, UserStoreError } from '../../src/users/user-store.js'
import { dataFolder } from '../support/data-folder.js'
import { randomIdentity } from '../support/identity.js'
import { expectNothingLeft } from '../support/leftovers.js'
import { startWithDevHub } from '../support/login-server.js'
import { never } from '../support/never.js'
import { TestApp } from '../support/test-app.js'

const ORIGIN = 'http://localhost:5173'

async function openStore(): Promise<UserStore> {
  const store = await openUserStore({ kind: 'sqlite', folder: await dataFolder() })
  onTestFinished(() => store.close())
  return store
}

/** A server with such a doorkeeper, an app that is connected to it, and a user. */
async function setUp(settings: { users?: UserStore; authorize?: Authorize }) {
  const lines: string[] = []
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) })
  const { hub, server } = await startWithDevHub({ ...settings, log })
  const app = await TestApp.connect(server.url, { origin: ORIGIN })
  const identity = randomIdentity()
  const logIn = () => app.login(identity)
  const expectLeavesNothing = async () => {
    app.leave()
    await expectNothingLeft(server, hub)
  }
  return { server, app, identity, logIn, lines, expectLeavesNothing, ...identity }
}

describe('a user who logs in', () => {
  it('is on record', async () => {
    const users = await openStore()
    const { logIn, pubkey } = await setUp({ users })
    expect(await logIn()).toMatchObject({ type: 'token' })
    const user = await users.find(pubkey)
    expect(user).toMatchObject({ pubkey, logins: 1, block: undefined })
    await logIn()
    expect(await users.find(pubkey)).toMatchObject({ logins: 2, firstSeen: user?.firstSeen })
  })

  it('gets the token once that is committed, and not before', async () => {
    const users = await openStore()
    const record = users.recordLogin.bind(users)
    let commit = () => {}
    const committed = new Promise<void>((resolve) => {
      commit = resolve
    })
    const recording = vi.spyOn(users, 'recordLogin').mockImplementation(async (pubkey) => {
      await committed
      return record(pubkey)
    })
    const { app, identity, expectLeavesNothing } = await setUp({ users })
    app.sendSignature(identity.sign(await app.requestChallenge(identity.pubkey)))
    await vi.waitFor(() => expect(recording).toHaveBeenCalledOnce())
    // The server answers in order: what it sends first is what it had to say.
    app.send({ type: 'token', pubkey: identity.pubkey })
    expect(await app.next()).toMatchObject({ code: 'busy' })
    commit()
    expect(await app.next()).toMatchObject({ type: 'token' })
    await expectLeavesNothing()
  })

  it('may leave while the record is made', async () => {
    const users = await openStore()
    const recording = vi.spyOn(users, 'recordLogin').mockImplementation(never)
    const { app, identity, expectLeavesNothing } = await setUp({ users })
    app.sendSignature(identity.sign(await app.requestChallenge(identity.pubkey)))
    await vi.waitFor(() => expect(recording).toHaveBeenCalledOnce())
    await expectLeavesNothing()
  })

  it('gets no token where the store fails, and the log has why', async () => {
    const users = await openStore()
    vi.spyOn(users, 'recordLogin').mockRejectedValue(new UserStoreError(new Error('disk full')))
    const { logIn, lines, expectLeavesNothing } = await setUp({ users })
    const answer = await logIn()
    expect(answer).toMatchObject({ type: 'error', code: 'internal' })
    expect(JSON.stringify(answer)).not.toContain('disk')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('disk full')
    await expectLeavesNothing()
  })
})

describe('a blocked user', () => {
  it('is denied after the proof, without the reason, until unblocked', async () => {
    const users = await openStore()
    const { logIn, pubkey, expectLeavesNothing } = await setUp({ users })
    await logIn()
    await users.block(pubkey, 'sold the farm')
    const answer = await logIn()
    expect(answer).toMatchObject({ code: 'denied', value: 'This user may not log in here.' })
    expect(await users.find(pubkey)).toMatchObject({ logins: 1 })
    await users.unblock(pubkey)
    expect(await logIn()).toMatchObject({ type: 'token' })
    await expectLeavesNothing()
  })

  it('can be told from others by nobody else', async () => {
    const users = await openStore()
    const { app, pubkey } = await setUp({ users })
    await users.block(pubkey, 'spam')
    await app.requestChallenge(pubkey)
    app.sendSignature(new Uint8Array(64))
    expect(await app.next()).toMatchObject({ code: 'bad_signature' })
  })
})

describe('authorize', () => {
  it('is asked after the proof, of whom and from where', async () => {
    const authorize = vi.fn<Authorize>(async () => ({ allow: true }))
    const { app, logIn, pubkey } = await setUp({ authorize })
    await app.requestChallenge(pubkey)
    app.sendSignature(new Uint8Array(64))
    expect(await app.next()).toMatchObject({ code: 'bad_signature' })
    expect(authorize).not.toHaveBeenCalled()
    expect(await logIn()).toMatchObject({ type: 'token' })
    const visitor = { pubkey, address: '127.0.0.1', origin: ORIGIN, renewal: false }
    expect(authorize).toHaveBeenCalledExactlyOnceWith(visitor, expect.any(AbortSignal))
  })

  it.each([
    [{ allow: false, reason: 'Only members may log in.' }, 'Only members may log in.'],
    [{ allow: false, reason: 'x'.repeat(200) }, 'x'.repeat(200)],
    [{ allow: false }, 'This user may not log in here.'],
  ])('denies with %j, and no login is recorded', async (decision: Decision, value) => {
    const users = await openStore()
    const { logIn, pubkey, expectLeavesNothing } = await setUp({
      users,
      authorize: async () => decision,
    })
    expect(await logIn()).toMatchObject({ type: 'error', code: 'denied', value })
    expect(await users.find(pubkey)).toBeUndefined()
    await expectLeavesNothing()
  })

  it.each<[string, () => unknown]>([
    ['returns nothing', async () => {}],
    ['returns true', async () => true],
    ['returns half a decision', async () => ({ reason: 'x' })],
    ['returns too long a reason', async () => ({ allow: false, reason: 'x'.repeat(201) })],
    ['returns no promise', () => ({ allow: 'yes' })],
    ['rejects', async () => Promise.reject(new Error('the database is away'))],
    [
      'throws',
      () => {
        throw new Error('the database is away')
      },
    ],
    ['rejects with no error', () => Promise.reject()],
    ['never decides', never],
  ])('that %s gets the user no token', async (_name, decide) => {
    const users = await openStore()
    const authorize: Authorize = vi.fn().mockImplementation(decide)
    const { logIn, pubkey, lines, expectLeavesNothing } = await setUp({ users, authorize })
    const answer = await logIn()
    expect(answer).toMatchObject({ type: 'error', code: 'internal' })
    expect(JSON.stringify(answer)).not.toContain('database')
    expect(await users.find(pubkey)).toBeUndefined()
    expect(lines).toHaveLength(1)
    await expectLeavesNothing()
  })

  it('that never decides is told when it is too late', async () => {
    const signals: AbortSignal[] = []
    const { logIn } = await setUp({
      authorize: (_visitor, signal) => {
        signals.push(signal)
        return never()
      },
    })
    await logIn()
    expect(signals.map(({ aborted }) => aborted)).toEqual([true])
  })
})

it('refuses a key that earned too many tokens before it asks anybody', async () => {
  const users = await openStore()
  const authorize = vi.fn<Authorize>(async () => ({ allow: true }))
  const { hub, server } = await startWithDevHub({
    users,
    authorize,
    limits: { loginsPerMinutePerKey: 1 },
  })
  const identity = randomIdentity()
  // Both pass the look at the limit that spares the Hub; one of them earns the last token.
  const apps = [await TestApp.connect(server.url), await TestApp.connect(server.url)]
  const challenges = await Promise.all(apps.map((app) => app.requestChallenge(identity.pubkey)))
  const answers = await Promise.all(
    apps.map((app, index) => {
      app.sendSignature(identity.sign(challenges[index] ?? new Uint8Array()))
      return app.next()
    }),
  )
  expect(answers.map(({ code, type }) => code ?? type).toSorted()).toEqual([
    'rate_limited',
    'token',
  ])
  expect(authorize).toHaveBeenCalledOnce()
  expect(await users.find(identity.pubkey)).toMatchObject({ logins: 1 })
  for (const app of apps) app.leave()
  await expectNothingLeft(server, hub)
})
