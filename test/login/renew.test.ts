import { pino } from 'pino'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { ServerOptions } from '../../src/http/server.js'
import type { Authorize, Decision } from '../../src/users/authorize.js'
import { openUserStore } from '../../src/users/open-user-store.js'
import { type UserStore, UserStoreError } from '../../src/users/user-store.js'
import { decodeKey } from '../support/api-key.js'
import { dataFolder } from '../support/data-folder.js'
import { randomIdentity } from '../support/identity.js'
import { startLoginServer, startWithDevHub } from '../support/login-server.js'
import { claimsOf, renewAt, renewalOf } from '../support/renewal.js'
import { letPass } from '../support/store-sql.js'
import { TestApp } from '../support/test-app.js'

const ORIGIN = 'http://localhost:5173'

async function openStore(folder?: string): Promise<UserStore> {
  const store = await openUserStore({ kind: 'sqlite', folder: folder ?? (await dataFolder()) })
  onTestFinished(() => store.close())
  return store
}

/** A server, and a user of it who has logged in and may do so again. */
async function setUp(settings: Partial<ServerOptions>) {
  const lines: string[] = []
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) })
  const started = await startWithDevHub({ ...settings, log })
  const { hub, server } = started
  const apiKey = decodeKey(started.apiKey)
  const identity = randomIdentity()
  const logIn = async () => {
    const app = await TestApp.connect(server.url, { origin: ORIGIN })
    const token = await app.login(identity)
    app.leave()
    return renewalOf(token)
  }
  const renewal = await logIn()
  const renew = (text = renewal, headers = {}) => renewAt(server.url, text, { headers })
  /** The lines on renewals, parsed. */
  const renewalLines = () =>
    lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'renewal')
  const { pubkey } = identity
  return { hub, server, apiKey, logIn, renewal, renew, renewalLines, lines, pubkey }
}

describe('a user whose session is renewed', () => {
  it('is looked up, and recorded no more than once a minute', async () => {
    const folder = await dataFolder()
    const users = await openStore(folder)
    const { renew, logIn, pubkey } = await setUp({ users })
    await users.signOut(pubkey)
    const renewal = await logIn()
    const before = await users.find(pubkey)
    expect(await renew(renewal)).toMatchObject({ status: 200 })
    expect(await users.find(pubkey)).toEqual(before)
    await letPass({ kind: 'sqlite', folder }, pubkey, 61)
    expect(await renew(renewal)).toMatchObject({ status: 200 })
    expect(await users.find(pubkey)).toMatchObject({ logins: 2, renewals: 1 })
  })

  it('is refused from the moment of the block on, until the block is lifted', async () => {
    const users = await openStore()
    const { renew, pubkey } = await setUp({ users })
    await users.block(pubkey, 'sold the farm')
    const { status, body } = await renew()
    expect([status, body]).toEqual([
      403,
      { code: 'denied', value: 'This user may not log in here.', id: expect.any(String) },
    ])
    await users.unblock(pubkey)
    expect(await renew()).toMatchObject({ status: 200 })
  })

  it('is refused once signed out, and may log in again', async () => {
    const users = await openStore()
    const { renew, logIn, renewal, pubkey } = await setUp({ users })
    await users.signOut(pubkey)
    expect(await renew()).toMatchObject({ status: 401, body: { code: 'renewal_refused' } })
    const next = await logIn()
    expect(claimsOf(next).session).toBe(1)
    expect(await renew(next)).toMatchObject({ status: 200 })
    expect(await renew(renewal)).toMatchObject({ status: 401 })
  })

  it('need not be known to the store, and is refused once signed out there', async () => {
    const { hub, apiKey, renewal, pubkey } = await setUp({})
    const users = await openStore()
    const { url } = await startLoginServer(hub.url, apiKey, { users })
    expect(await renewAt(url, renewal)).toMatchObject({ status: 200 })
    expect(await users.find(pubkey)).toBeUndefined()
    await users.signOut(pubkey)
    expect(await renewAt(url, renewal)).toMatchObject({ status: 401 })
  })

  it('is not refused for good while the store is away, and the log has why', async () => {
    const users = await openStore()
    const { renew, renewalLines } = await setUp({ users })
    const looking = vi.spyOn(users, 'recordRenewal')
    looking.mockRejectedValueOnce(new UserStoreError(new Error('the disk is full')))
    const { status, body } = await renew()
    expect([status, body.code]).toEqual([500, 'internal'])
    expect(JSON.stringify(body)).not.toContain('disk')
    expect(renewalLines()).toMatchObject([{ level: 50, id: body.id, outcome: 'internal' }])
    expect(JSON.stringify(renewalLines())).toContain('the disk is full')
    expect(await renew()).toMatchObject({ status: 200 })
  })
})

describe('authorize', () => {
  it('is asked at each renewal, and told that it is one, of the page that logged in', async () => {
    const authorize = vi.fn<Authorize>(async () => ({ allow: true }))
    const { renew, pubkey } = await setUp({ authorize })
    expect(await renew()).toMatchObject({ status: 200 })
    expect(await renew(undefined, { origin: ORIGIN })).toMatchObject({ status: 200 })
    const asked = { pubkey, address: '127.0.0.1', origin: ORIGIN }
    expect(authorize.mock.calls.map(([user]) => user)).toEqual([
      { ...asked, renewal: false },
      { ...asked, renewal: true },
      { ...asked, renewal: true },
    ])
  })

  it('is not asked about what is not genuine', async () => {
    const authorize = vi.fn<Authorize>(async () => ({ allow: true }))
    const { renew } = await setUp({ authorize })
    authorize.mockClear()
    expect(await renew('x')).toMatchObject({ status: 401 })
    expect(await renew(undefined, { origin: 'http://localhost:1' })).toMatchObject({ status: 401 })
    expect(authorize).not.toHaveBeenCalled()
  })

  it('may end a session, with a reason of its own', async () => {
    let decision: Decision = { allow: true }
    const { renew } = await setUp({ authorize: async () => decision })
    decision = { allow: false, reason: 'Your membership has ended.' }
    const { status, body } = await renew()
    expect([status, body.code, body.value]).toEqual([403, 'denied', 'Your membership has ended.'])
  })

  it('that fails or never decides fails the renewal, in words of ours', async () => {
    const authorize = vi.fn<Authorize>(async () => ({ allow: true }))
    const { renew } = await setUp({ authorize })
    authorize.mockRejectedValueOnce(new Error('the database is away'))
    const { status, body } = await renew()
    expect([status, body.code]).toEqual([500, 'internal'])
    expect(JSON.stringify(body)).not.toContain('database')
    authorize.mockImplementationOnce(() => new Promise(() => {}))
    expect(await renew()).toMatchObject({ status: 500 })
  })
})

describe('the log', () => {
  it('has a line for each, with the login that it belongs to and nothing of the text', async () => {
    const { renew, renewal, renewalLines, lines, pubkey } = await setUp({})
    const { jti } = claimsOf(renewal)
    await renew()
    const refused = await renew('x')
    const [ok, forged] = renewalLines()
    const user = `${pubkey.slice(0, 12)}…${pubkey.slice(-4)}`
    const id = expect.stringMatching(/^[0-9a-f]{12}$/)
    expect(ok).toMatchObject({ level: 30, id, login: jti, user, outcome: 'ok' })
    expect(ok.id).not.toBe(jti)
    // Strangers can cause as many of these as they like.
    expect(forged).toMatchObject({ level: 20, id: refused.body.id, outcome: 'renewal_refused' })
    expect(forged).not.toHaveProperty('login')
    const login = lines.map((line) => JSON.parse(line)).find(({ msg }) => msg === 'login')
    expect(login.id).toBe(jti)
    for (const part of renewal.split('.')) expect(lines.join('')).not.toContain(part)
  })
})

describe('a server that stops', () => {
  it('lets renewals that run end', async () => {
    const authorize = vi.fn<Authorize>(async () => ({ allow: true }))
    const { server, renew } = await setUp({ authorize })
    let decide = (_: Decision) => {}
    authorize.mockImplementationOnce(
      () =>
        new Promise((resolve) => {
          decide = resolve
        }),
    )
    const renewed = renew()
    await vi.waitFor(() => expect(server.count().renewals).toBe(1))
    const closed = server.close()
    expect(await renew()).toMatchObject({ status: 503, body: { code: 'shutting_down' } })
    decide({ allow: true })
    expect(await renewed).toMatchObject({ status: 200 })
    await closed
    expect(server.count().renewals).toBe(0)
  })
})
