import { createServer as createTcpServer } from 'node:net'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { loginWithChallenge } from '../../src/client/node.js'
import type { LoginOptions, LoginStep } from '../../src/client/types.js'
import { Ed25519Identity } from '../support/ed25519-identity.js'
import { endWait, holdTime, tryLogin } from '../support/log-in.js'
import { startWithDevHub } from '../support/login-server.js'
import { listen } from '../support/ports.js'
import {
  answersHtml,
  answersJson,
  type RenewalScript,
  renews,
  startRenewalServer,
} from '../support/renewal-server.js'
import { type Script, startScriptedServer, wholeLogin } from '../support/scripted-server.js'

const SECOND = 1_000
const HOUR = 3_600 * SECOND

/** Of a `UserAuth` that lives for 100 s, the client uses 90. */
const LIFE = 100 * SECOND
const USABLE = 90 * SECOND

const loginThatRenews = wholeLogin({ life: LIFE, renewable: HOUR })

const refuses = (status: number, code: string, fields: object = {}): RenewalScript =>
  answersJson(status, () => ({ code, value: `text of ${code}`, id: 'abc', ...fields }))

const reset: RenewalScript = (_, request) => request.socket.destroy()

/** Starts both servers, logs in for the first time, and holds the time. */
async function setUp(
  scripts: RenewalScript[],
  { visits = [loginThatRenews], ...options }: { visits?: Script[] } & LoginOptions = {},
) {
  holdTime()
  const [login, renewals] = await Promise.all([
    startScriptedServer(...visits),
    startRenewalServer(...scripts),
  ])
  const identity = new Ed25519Identity()
  const steps: LoginStep[] = []
  const logIn = loginWithChallenge(identity, {
    url: login.url,
    renewalUrl: renewals.url,
    onStep(step) {
      steps.push(step)
      endWait(step)
    },
    ...options,
  })
  const first = await logIn()
  steps.length = 0
  /** Logs in when what there is has come to its last tenth. */
  const logInLater = () => {
    vi.advanceTimersByTime(USABLE)
    return logIn()
  }
  return { login, renewals, identity, steps, logIn, logInLater, first }
}

describe('a session', () => {
  it('is renewed as often as needed, with one signature of the identity', async () => {
    const { renewals, login, identity, steps, logInLater, first } = await setUp([renews(LIFE)])
    let last = first
    for (let time = 0; time < 10; time += 1) {
      const next = await logInLater()
      expect(Object.keys(next)).toEqual(['key', 'sig', 'msg', 'token'])
      expect(next).toMatchObject({ key: 'bnewkey', token: first.token })
      expect(Object.isFrozen(next)).toBe(true)
      expect(Date.parse(next.msg)).toBeGreaterThan(Date.parse(last.msg))
      last = next
    }
    expect([login.visits, identity.asked.length, renewals.bodies.length]).toEqual([1, 1, 10])
    expect(steps.map(({ step, attempt }) => [step, attempt])).toEqual(
      Array.from({ length: 10 }, () => [
        ['renewing', 1],
        ['renewed', 1],
      ]).flat(),
    )
  })

  it('sends its renewal as JSON, and nothing else', async () => {
    const { renewals, logInLater } = await setUp([renews()])
    await logInLater()
    expect(renewals.bodies).toEqual(['{"renewal":"ren.ew.al"}'])
    expect(renewals.headers[0]).toMatchObject({ 'content-type': 'application/json' })
    for (const name of ['cookie', 'authorization', 'referer']) {
      expect(renewals.headers[0]).not.toHaveProperty(name)
    }
  })

  it('is renewed once for all calls that are made at once', async () => {
    const { renewals, logIn, logInLater } = await setUp([renews(LIFE)])
    const [one, ...others] = await Promise.all([logInLater(), logIn(), logIn(), logIn()])
    expect(others).toEqual([one, one, one])
    expect(renewals.bodies).toHaveLength(1)
  })

  it('ends when the server has said: then it is a login again', async () => {
    const visits = [wholeLogin({ life: LIFE, renewable: USABLE })]
    const { login, renewals, logInLater } = await setUp([renews(LIFE)], { visits })
    await logInLater()
    expect([login.visits, renewals.bodies.length]).toEqual([2, 0])
  })

  it('is not renewed with renewalUrl: false', async () => {
    const { login, renewals, logInLater } = await setUp([renews()], { renewalUrl: false })
    await logInLater()
    expect([login.visits, renewals.bodies.length]).toEqual([2, 0])
  })

  it('is renewed by the real server, at the address of its socket', async () => {
    const { server } = await startWithDevHub({ userAuthTtl: 300 })
    const identity = new Ed25519Identity()
    const logIn = loginWithChallenge(identity, { url: server.url })
    const first = await logIn()
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => {
      vi.useRealTimers()
    })
    vi.advanceTimersByTime(275 * SECOND)
    const second = await logIn()
    expect(second).toMatchObject({ key: first.key, token: first.token })
    expect(second).not.toBe(first)
    expect(identity.asked).toHaveLength(1)
  })
})

describe('a renewal that fails', () => {
  it.each<[string, RenewalScript]>([
    ['401', refuses(401, 'renewal_refused')],
    ['404 of an older server', answersHtml(404)],
    ['403 of a proxy', answersHtml(403)],
    ['502 of a proxy', answersHtml(502)],
    ['a page in place of an answer', answersHtml(200)],
    ['an answer without signature', renews(LIFE, { sig: undefined })],
    ['an answer that is over', renews(-1)],
    ['an answer of the wrong kind', answersJson(200, () => ({ value: 7 }))],
    ['an answer that is no object', answersJson(200, () => null)],
    ['no answer', reset],
    ['half an answer', (response) => response.write('{"value"', () => response.destroy())],
  ])('is followed by a login: %s', async (_, script) => {
    const { login, renewals, identity, logInLater, first } = await setUp([script])
    expect(await logInLater()).toMatchObject({ key: first.key })
    expect([login.visits, identity.asked.length, renewals.bodies.length]).toEqual([2, 2, 1])
  })

  it('is not taken elsewhere by a redirect', async () => {
    const elsewhere = await startRenewalServer(renews())
    const redirect: RenewalScript = (response) => {
      response.writeHead(307, { Location: elsewhere.url }).end()
    }
    const { login, logInLater } = await setUp([redirect])
    await logInLater()
    expect([login.visits, elsewhere.bodies.length]).toEqual([2, 0])
  })

  it('is given up when it is not answered in time', async () => {
    const script: RenewalScript = () => setImmediate(() => vi.advanceTimersByTime(10 * SECOND))
    const { login, logInLater } = await setUp([script])
    await logInLater()
    expect(login.visits).toBe(2)
  })

  it('is not tried again after two in a row, where logins succeed', async () => {
    const { login, renewals, logInLater } = await setUp([reset])
    for (let time = 0; time < 4; time += 1) await logInLater()
    expect([login.visits, renewals.bodies.length]).toEqual([5, 2])
  })

  it('is forgotten where the next one succeeds', async () => {
    const scripts = [reset, renews(LIFE), reset, renews(LIFE)]
    const { login, renewals, logInLater } = await setUp(scripts)
    for (let time = 0; time < 4; time += 1) await logInLater()
    expect([login.visits, renewals.bodies.length]).toEqual([3, 4])
  })

  it('is tried again where the login fails as well: the device may be offline', async () => {
    const lost: Script = ({ socket }) => socket.terminate()
    const visits = [loginThatRenews, lost]
    const { identity, logInLater } = await setUp([reset, reset, reset, renews()], { visits })
    expect(await logInLater()).toMatchObject({ key: 'bnewkey' })
    expect(identity.asked).toHaveLength(1)
  })

  it('rejects and forgets where the user is denied', async () => {
    const { login, logIn, logInLater, steps } = await setUp([refuses(403, 'denied')])
    await expect(logInLater()).rejects.toMatchObject({ code: 'denied', id: 'abc' })
    expect(login.visits).toBe(1)
    expect(steps.at(-1)).toMatchObject({ step: 'failed', code: 'denied' })
    await logIn()
    expect(login.visits).toBe(2)
  })

  it.each<[string, string, RenewalScript]>([
    ['rate_limited', 'of the server', refuses(429, 'rate_limited', { retryAfter: 3 })],
    ['overloaded', 'of the server', refuses(503, 'overloaded', { retryAfter: 3 })],
    ['shutting_down', 'of the server', refuses(503, 'shutting_down', { retryAfter: 3 })],
    ['rate_limited', 'of a proxy', answersHtml(429)],
    ['overloaded', 'of a proxy', answersHtml(503)],
  ])('is tried again later: %s %s', async (code, _, script) => {
    const { identity, steps, logInLater } = await setUp([script, renews()])
    expect(await logInLater()).toMatchObject({ key: 'bnewkey' })
    expect(steps.map(({ step }) => step)).toEqual(['renewing', 'retrying', 'renewing', 'renewed'])
    expect(steps[1]).toMatchObject({ code })
    expect(identity.asked).toHaveLength(1)
  })

  it('rejects while the Hub refuses the key, which no login would change', async () => {
    const { login, renewals, logInLater } = await setUp([refuses(503, 'hub_rejected'), renews()])
    await expect(logInLater()).rejects.toMatchObject({ code: 'hub_rejected' })
    expect([login.visits, renewals.bodies.length]).toEqual([1, 1])
  })

  it('lets the UserAuth serve while it lasts, where the server has an error', async () => {
    const { login, logIn, logInLater, first, steps } = await setUp([refuses(500, 'internal')])
    expect(await logInLater()).toBe(first)
    expect(steps.map(({ step }) => step)).toEqual(['renewing', 'kept'])
    vi.advanceTimersByTime(LIFE - USABLE - 1)
    expect(await logIn()).toBe(first)
    expect(login.visits).toBe(1)
    vi.advanceTimersByTime(1)
    expect(await logIn()).not.toBe(first)
    expect(login.visits).toBe(2)
  })

  it('ends with the login that is aborted', async () => {
    const controller = new AbortController()
    const script: RenewalScript = () => controller.abort()
    const { login, logInLater } = await setUp([script], { signal: controller.signal })
    await expect(logInLater()).rejects.toMatchObject({ code: 'aborted' })
    expect(login.visits).toBe(1)
  })

  it('ends with the timeout of the whole login', async () => {
    const script: RenewalScript = () => setImmediate(() => vi.advanceTimersByTime(5 * SECOND))
    const { logInLater } = await setUp([script], { timeout: 5 })
    await expect(logInLater()).rejects.toMatchObject({ code: 'timeout' })
  })
})

describe('a server that accepts no socket', () => {
  it('is given up after connectTimeout, and named without its secrets', async () => {
    const silent = createTcpServer()
    const host = `127.0.0.1:${await listen(silent)}`
    onTestFinished(() => {
      silent.close()
    })
    const url = `ws://user:password@${host}/ws/userauth?secret=1`
    const { error } = await tryLogin({ url, connectTimeout: 0.2, retries: 0 })
    expect(error?.code).toBe('connection_failed')
    expect(error?.message).toContain(
      `ws://${host}/ws/userauth did not answer within 0.2 s. Check that it is running`,
    )
  })
})
