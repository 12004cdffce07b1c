import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { type HubProcess, startHub } from '../soak/processes.js'
import { openPage } from '../support/browser.js'
import { makeCertificate } from '../support/certificate.js'
import { randomIdentity } from '../support/identity.js'
import { startNginx } from '../support/nginx.js'
import { freePort } from '../support/ports.js'
import { type Postgres, startPostgres } from '../support/postgres.js'
import { emptyDatabase, query } from '../support/postgres-database.js'
import { PROGRAMS } from '../support/programs.js'
import { type RedisServer, startRedis } from '../support/redis.js'
import { ProgramProcess, READY } from '../support/server-process.js'
import { challengeOf, type Message, TestApp } from '../support/test-app.js'

/** How many logins a load has, and how many of them at once. */
const LOGINS = 240
const AT_ONCE = 12

const hasAll = Object.values(PROGRAMS).every((path) => path !== undefined)

const certificate = makeCertificate()

const userRows = z.array(z.object({ pubkey: z.string(), logins: z.coerce.number() }))

describe.runIf(hasAll)('two instances behind nginx', () => {
  let hub: HubProcess
  let postgres: Postgres
  let redis: RedisServer

  beforeAll(async () => {
    ;[hub, postgres, redis] = await Promise.all([startHub(), startPostgres(), startRedis()])
  })

  afterAll(async () => {
    hub.stop()
    await Promise.all([postgres.close(), redis.close()])
  })

  /** Starts both instances with a database and limits that they share, and nginx before them. */
  async function setUp(settings: Record<string, string> = {}) {
    const database = await emptyDatabase(postgres.url)
    const port = await freePort()
    const origin = `https://localhost:${port}`
    const start = async () => {
      const backend = await freePort()
      const instance = await ProgramProcess.start('index.js', {
        ...hub.environment,
        HUB_URL: hub.grpcUrl,
        DATABASE_URL: database,
        REDIS_URL: redis.url,
        HOST: '127.0.0.1',
        PORT: String(backend),
        TRUSTED_PROXIES: '127.0.0.1',
        ALLOWED_ORIGINS: origin,
        LOGINS_PER_MINUTE_PER_IP: '100000',
        MAX_SOCKETS_PER_IP: '0',
        ...settings,
      })
      await instance.printed(READY)
      return { instance, backend }
    }
    const [one, other] = [await start(), await start()]
    await startNginx({ port, certificate, backends: [one.backend, other.backend] })
    const url = `wss://localhost:${port}/ws/userauth`
    return { url, origin, database, one: one.instance, other: other.instance }
  }

  it('log users in over wss in a real browser', async () => {
    const { origin } = await setUp({ DEMO: 'true', HUB_PUBLIC_URL: hub.webUrl })
    const page = await openPage({ ignoreHTTPSErrors: true })
    const sockets: string[] = []
    page.on('websocket', (socket) => sockets.push(socket.url()))
    await page.goto(origin)
    for (let login = 0; login < 3; login += 1) {
      await page.reload()
      await page.getByRole('button', { name: 'Log in' }).click()
      await page.getByRole('button', { name: 'List databases' }).waitFor()
    }
    const endpoint = `${origin.replace('https', 'wss')}/ws/userauth`
    expect(sockets.filter((url) => url === endpoint)).toHaveLength(3)
  })

  it('count what one client does across both, and each client by itself', async () => {
    const { url, one, other } = await setUp({ LOGINS_PER_MINUTE_PER_IP: '6' })
    const logInTenTimes = async (localAddress: string) => {
      const answers: unknown[] = []
      for (let login = 0; login < 10; login += 1) {
        // As an app would that knows the site by its own name.
        const headers = { host: 'login.example.org' }
        const answer = await logIn(url, { localAddress, headers })
        answers.push(answer.code ?? answer.type)
      }
      return answers
    }
    const expected = [...Array(6).fill('token'), ...Array(4).fill('rate_limited')]
    expect(await logInTenTimes('127.0.0.2')).toEqual(expected)
    expect(await logInTenTimes('127.0.0.3')).toEqual(expected)
    // Had each counted for itself, one alone could have refused.
    for (const instance of [one, other]) {
      await instance.printed(/"outcome":"ok"/)
      await instance.printed(/"outcome":"rate_limited"/)
    }
  })

  it('lose only what ran on the one that is killed', async () => {
    const { url, database, one, other } = await setUp()
    const load = startLoad(url)
    await load.reached(LOGINS / 4)
    one.kill('SIGKILL')
    const { seen, failures } = await load.ended
    // Each worker had one login under way at most, and half of those were on the other.
    expect(failures.length).toBeLessThanOrEqual(AT_ONCE)
    expect(new Set(failures).size).toBeLessThanOrEqual(1)
    expect(failures.every((failure) => failure === 'lost')).toBe(true)
    expect(outcomesOf(other)).toEqual(new Set(['ok']))
    await expectOnRecord(database, seen)
    expect(await logIn(url)).toMatchObject({ type: 'token' })
  })

  it('go on without Redis, and count there again when it is back', async () => {
    const { url, database, one, other } = await setUp()
    const load = startLoad(url)
    await load.reached(LOGINS / 4)
    await redis.stop()
    await load.reached(LOGINS / 2)
    await redis.start()
    const { seen, failures } = await load.ended
    expect(failures).toEqual([])
    expect(seen).toHaveLength(LOGINS)
    for (const instance of [one, other]) await instance.printed(/Redis is back/)
    await expectOnRecord(database, seen)
  })

  it('hand out no token without PostgreSQL, and go on when it is back', async () => {
    const { url, database } = await setUp()
    const load = startLoad(url)
    await load.reached(LOGINS / 4)
    await postgres.stop()
    await vi.waitFor(() => expect(load.failures.length).toBeGreaterThan(0), { timeout: 10_000 })
    expect(await logIn(url)).toMatchObject({ type: 'error', code: 'internal' })
    await postgres.start()
    const { seen, failures } = await load.ended
    expect(new Set(failures)).toEqual(new Set(['internal']))
    await expectOnRecord(database, seen)
    await vi.waitFor(async () => expect(await logIn(url)).toMatchObject({ type: 'token' }), {
      timeout: 10_000,
    })
  })
})

/** Logs a new user in, on a socket of its own. @returns the token's message, or the error's */
async function logIn(url: string, options = {}, identity = randomIdentity()): Promise<Message> {
  const app = await TestApp.connect(url, { rejectUnauthorized: false, ...options })
  try {
    app.send({ type: 'token', pubkey: identity.pubkey })
    const challenge = await app.next()
    if (challenge.type !== 'challenge') return challenge
    app.sendSignature(identity.sign(challengeOf(challenge)))
    return await app.next()
  } finally {
    app.leave()
  }
}

/** Has many users log in, several at once, and notes what each of them saw. */
function startLoad(url: string) {
  const seen: string[] = []
  const failures: string[] = []
  let started = 0
  const work = async (): Promise<void> => {
    while (started < LOGINS) {
      started += 1
      const identity = randomIdentity()
      const answer = await logIn(url, {}, identity).catch(() => ({ type: 'error', code: 'lost' }))
      if (answer.type === 'token') seen.push(identity.pubkey)
      else failures.push(String(answer.code))
    }
  }
  const ended = Promise.all(Array.from({ length: AT_ONCE }, work)).then(() => ({ seen, failures }))
  const reached = (count: number) =>
    vi.waitFor(() => expect(seen.length + failures.length).toBeGreaterThanOrEqual(count), {
      timeout: 30_000,
      interval: 1,
    })
  return { ended, reached, failures }
}

/** Checks that whoever was seen to log in is on record. */
async function expectOnRecord(database: string, seen: readonly string[]): Promise<void> {
  const rows = userRows.parse(await query(database, 'SELECT pubkey, logins FROM userauth_users'))
  const recorded = new Set(rows.filter(({ logins }) => logins > 0).map(({ pubkey }) => pubkey))
  expect(seen.length).toBeGreaterThan(0)
  expect(seen.filter((pubkey) => !recorded.has(pubkey))).toEqual([])
}

/** How the logins of an instance ended, as its log has it. */
function outcomesOf({ stdout }: ProgramProcess): Set<string> {
  return new Set([...stdout.matchAll(/"outcome":"(\w+)"/g)].map(([, outcome = '']) => outcome))
}
