import { describe, expect, it, vi } from 'vitest'
import { loginWithChallenge } from '../../src/client/node.js'
import type { Identity, LoginOptions } from '../../src/client/types.js'
import { Ed25519Identity } from '../support/ed25519-identity.js'
import { holdTime } from '../support/log-in.js'
import { brokenStorage, MemoryStorage } from '../support/memory-storage.js'
import {
  answersJson,
  type RenewalScript,
  renews,
  startRenewalServer,
} from '../support/renewal-server.js'
import { errorMessage, startScriptedServer, wholeLogin } from '../support/scripted-server.js'

const SECOND = 1_000
const HOUR = 3_600 * SECOND
const LIFE = 100 * SECOND

const refused = answersJson(401, () => ({ code: 'renewal_refused', value: 'Log in again.' }))
const denied = answersJson(403, () => ({ code: 'denied', value: 'No.' }))

/** Starts both servers. `open` is what a page does when it is loaded. */
async function setUp(...scripts: RenewalScript[]) {
  holdTime()
  const [login, renewals] = await Promise.all([
    startScriptedServer(wholeLogin({ life: LIFE, renewable: HOUR })),
    startRenewalServer(...scripts, renews(LIFE)),
  ])
  const identity = new Ed25519Identity()
  const storage = new MemoryStorage()
  const open = (options: LoginOptions = {}, who: Identity = identity) =>
    loginWithChallenge(who, { url: login.url, renewalUrl: renewals.url, storage, ...options })
  const name = `textile-userauth ${login.url} ${identity.public}`
  return { login, renewals, identity, storage, open, name }
}

describe('a session in a storage', () => {
  it('outlives a reload, without a signature of the identity', async () => {
    const { login, renewals, identity, storage, open, name } = await setUp()
    const before = await open()()
    expect([...storage.entries.keys()]).toEqual([name])
    expect(JSON.parse(storage.entries.get(name) ?? '')).toEqual({
      token: before.token,
      renewal: 'ren.ew.al',
      renewUntil: expect.stringMatching(/Z$/),
    })
    const after = await open()()
    expect(after).toMatchObject({ key: 'bnewkey', token: before.token })
    expect([login.visits, identity.asked.length, renewals.bodies.length]).toEqual([1, 1, 1])
  })

  it('is never used for another identity', async () => {
    const { login, renewals, open } = await setUp()
    await open()()
    await open({}, new Ed25519Identity())()
    expect([login.visits, renewals.bodies.length]).toEqual([2, 0])
  })

  it('is never used for another server', async () => {
    const { login, renewals, open } = await setUp()
    await open()()
    await open({ url: login.url.replace('127.0.0.1', 'localhost') })()
    expect([login.visits, renewals.bodies.length]).toEqual([2, 0])
  })

  it.each([
    ['no JSON', 'token'],
    ['no object', '"token"'],
    ['without token', '{"renewal":"ren.ew.al","renewUntil":"2126-01-01T00:00:00Z"}'],
    ['without renewal', '{"token":"jwt","renewUntil":"2126-01-01T00:00:00Z"}'],
    ['without end', '{"token":"jwt","renewal":"ren.ew.al"}'],
    ['with an end that is no time', '{"token":"jwt","renewal":"ren.ew.al","renewUntil":"later"}'],
    ['that is over', '{"token":"jwt","renewal":"ren.ew.al","renewUntil":"2026-01-01T00:00:00Z"}'],
  ])('is removed, and not used: %s', async (_, entry) => {
    const { login, renewals, storage, open, name } = await setUp()
    storage.entries.set(name, entry)
    const logIn = open({
      onStep: ({ step }) => {
        if (step === 'connecting') expect(storage.entries.size).toBe(0)
      },
    })
    await logIn()
    expect([login.visits, renewals.bodies.length]).toEqual([1, 0])
  })

  it('is removed where the server has ended it, and replaced by the login that follows', async () => {
    const { login, storage, open, name } = await setUp(refused)
    await open()()
    let atLogin: string | undefined = 'not reached'
    await open({
      onStep: ({ step }) => {
        if (step === 'connecting') atLogin = storage.entries.get(name)
      },
    })()
    expect(atLogin).toBeUndefined()
    expect(login.visits).toBe(2)
    expect(storage.entries.has(name)).toBe(true)
  })

  it('is removed where the user is denied', async () => {
    const { storage, open } = await setUp(denied)
    await open()()
    await expect(open()()).rejects.toMatchObject({ code: 'denied' })
    expect(storage.entries.size).toBe(0)
  })

  it('is removed where the login that follows denies the user', async () => {
    holdTime()
    const login = await startScriptedServer(
      wholeLogin({ life: LIFE, renewable: HOUR }),
      async (visit) => {
        await visit.next()
        visit.send(errorMessage('denied'))
      },
    )
    const storage = new MemoryStorage()
    // The scripted server renews nothing.
    const open = () => loginWithChallenge(identity, { url: login.url, storage })
    const identity = new Ed25519Identity()
    await open()()
    await expect(open()()).rejects.toMatchObject({ code: 'denied' })
    expect(storage.entries.size).toBe(0)
  })

  it('ends for all pages with the forget() of one', async () => {
    const { login, renewals, open } = await setUp()
    const [here, there] = [open(), open()]
    await here()
    await there()
    expect([login.visits, renewals.bodies.length]).toEqual([1, 1])
    there.forget()
    vi.advanceTimersByTime(LIFE)
    await here()
    expect([login.visits, renewals.bodies.length]).toEqual([2, 1])
  })

  it('goes on with what another page has stored since', async () => {
    const { login, renewals, storage, open, name } = await setUp()
    const here = open()
    await here()
    const entry = JSON.parse(storage.entries.get(name) ?? '')
    storage.entries.set(name, JSON.stringify({ ...entry, renewal: 'the.newer.one' }))
    vi.advanceTimersByTime(LIFE)
    await here()
    expect(login.visits).toBe(1)
    expect(renewals.bodies).toEqual(['{"renewal":"the.newer.one"}'])
  })

  it.each([
    ['that throws', brokenStorage('getItem', 'setItem', 'removeItem')],
    ['that is full', brokenStorage('setItem')],
    ['that can only be written', brokenStorage('getItem')],
  ])('is kept in memory with a storage %s', async (_, storage) => {
    const { login, renewals, open } = await setUp()
    const logIn = open({ storage })
    await logIn()
    vi.advanceTimersByTime(LIFE)
    await logIn()
    logIn.forget()
    await logIn()
    const isLost = storage.entries.size > 0
    expect([login.visits, renewals.bodies.length]).toEqual(isLost ? [3, 0] : [2, 1])
  })

  it('leaves nothing where there is no storage', async () => {
    const { login, storage, open } = await setUp()
    const storageless = { storage: undefined }
    await open(storageless)()
    await open(storageless)()
    expect(storage.entries.size).toBe(0)
    expect(login.visits).toBe(2)
  })
})

describe('forget()', () => {
  it('signs out: memory and storage', async () => {
    const { login, renewals, storage, open } = await setUp()
    const logIn = open()
    const before = await logIn()
    logIn.forget()
    expect(storage.entries.size).toBe(0)
    expect(await logIn()).not.toBe(before)
    expect([login.visits, renewals.bodies.length]).toEqual([2, 0])
  })

  it.each(['connected', 'challenged', 'token'])(
    'during a login, at %s, stores nothing of it',
    async (at) => {
      const { login, storage, open } = await setUp()
      const logIn = open({
        onStep: ({ step }) => {
          if (step === at && login.visits === 1) logIn.forget()
        },
      })
      const before = await logIn()
      expect(storage.entries.size).toBe(0)
      expect(await logIn()).not.toBe(before)
      expect(login.visits).toBe(2)
    },
  )

  it('during a renewal keeps nothing of it', async () => {
    const { login, storage, open } = await setUp()
    const logIn = open({
      onStep: ({ step }) => {
        if (step === 'renewing') logIn.forget()
      },
    })
    await logIn()
    vi.advanceTimersByTime(LIFE)
    await logIn()
    expect(storage.entries.size).toBe(0)
    await logIn()
    expect(login.visits).toBe(2)
  })
})

describe('refresh()', () => {
  it('logs in anew, however good what there is', async () => {
    const { login, renewals, open } = await setUp()
    const logIn = open()
    const before = await logIn()
    const after = await logIn.refresh()
    expect(after).not.toBe(before)
    expect(await logIn()).toBe(after)
    expect([login.visits, renewals.bodies.length]).toEqual([2, 0])
  })

  it('is one login for all calls that are made at once', async () => {
    const { login, open } = await setUp()
    const logIn = open()
    await logIn()
    const [one, ...others] = await Promise.all([logIn.refresh(), logIn.refresh(), logIn()])
    expect(others).toEqual([one, one])
    expect(login.visits).toBe(2)
  })

  it('does not take the result of a login that began before it', async () => {
    const { login, open } = await setUp()
    const logIn = open()
    const before = logIn()
    const after = logIn.refresh()
    expect(await before).not.toBe(await after)
    expect(await logIn()).toBe(await after)
    expect(login.visits).toBe(2)
  })

  it('rejects once the signal has been aborted', async () => {
    const { login, open } = await setUp()
    const logIn = open({ signal: AbortSignal.abort() })
    await expect(logIn.refresh()).rejects.toMatchObject({ code: 'aborted' })
    expect(login.visits).toBe(0)
  })
})

describe('an identity that becomes another user', () => {
  it('gets nothing of the one before', async () => {
    const { login, renewals, storage, open } = await setUp()
    const [one, other] = [new Ed25519Identity(), new Ed25519Identity()]
    let current = one
    const wallet = {
      get public() {
        return current.public
      },
      sign: (bytes: Uint8Array) => current.sign(bytes),
    }
    const logIn = open({}, wallet)
    const first = await logIn()
    current = other
    expect(await logIn()).not.toBe(first)
    expect([one.asked.length, other.asked.length, login.visits]).toEqual([1, 1, 2])
    expect(storage.entries.size).toBe(2)
    expect(renewals.bodies).toEqual([])
  })
})
