import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type HubProcess, startHub } from '../soak/processes.js'
import { findChromium, launchBrowser } from '../support/browser.js'
import { makeCertificate } from '../support/certificate.js'
import { randomIdentity } from '../support/identity.js'
import { HAS_NGINX, startNginx } from '../support/nginx.js'
import { freePort } from '../support/ports.js'
import { POSTGRES_PROGRAMS, type Postgres, startPostgres } from '../support/postgres.js'
import { emptyDatabase } from '../support/postgres-database.js'
import { scrape } from '../support/scrape.js'
import { ProgramProcess, runProgram } from '../support/server-process.js'

/** The shortest life that a server gives to an API signature, in seconds. */
const LIFE = 5

const executablePath = findChromium()
const hasAll = HAS_NGINX && POSTGRES_PROGRAMS !== undefined && executablePath

const certificate = makeCertificate()

// CI must not skip: there a missing server is a failure.
describe.runIf(hasAll || process.env.CI)('sessions in a browser, of two instances', () => {
  let hub: HubProcess
  let postgres: Postgres

  beforeAll(async () => {
    ;[hub, postgres] = await Promise.all([startHub(), startPostgres()])
  }, 60_000)

  afterAll(async () => {
    hub.stop()
    await postgres.close()
  })

  /** Opens the page of two instances with a database that they share, and nginx before them. */
  async function setUp() {
    const port = await freePort()
    const origin = `https://localhost:${port}`
    const environment = {
      ...hub.environment,
      HUB_URL: hub.grpcUrl,
      HUB_PUBLIC_URL: hub.webUrl,
      DATABASE_URL: await emptyDatabase(postgres.url),
      HOST: '127.0.0.1',
      TRUSTED_PROXIES: '127.0.0.1',
      ALLOWED_ORIGINS: origin,
      USER_AUTH_TTL: String(LIFE),
      DEMO: 'true',
    }
    const backends = [await freePort(), await freePort()]
    const start = async (backend: number) => {
      const ports = { PORT: String(backend), METRICS_PORT: '0' }
      const program = await ProgramProcess.start('index.js', { ...environment, ...ports })
      const [, metricsUrl = ''] = await program.printed(/metrics are at (http:\S+?metrics)/)
      await program.printed(/users log in at/)
      return { program, metricsUrl }
    }
    let instances = await Promise.all(backends.map(start))
    await startNginx({ port, certificate, backends })

    const browser = await launchBrowser(executablePath ?? '')
    onTestFinished(() => browser.close())
    const context = await browser.newContext({ ignoreHTTPSErrors: true })
    const page = await context.newPage()
    const sockets: string[] = []
    page.on('websocket', (socket) => sockets.push(socket.url()))
    await page.goto(origin)
    const pubkey = (await page.locator('#public-key:not(:empty)').textContent()) ?? ''
    const endpoint = `${origin.replace('https', 'wss')}/ws/userauth`

    /** How often the Hub was asked for a challenge, and how many renewals each instance made. */
    async function count() {
      const found = await Promise.all(instances.map(({ metricsUrl }) => scrape(metricsUrl)))
      const steps = 'userauth_login_step_duration_seconds_count'
      const hubCalls = found.map((each) => each.counts(steps, 'step').hub_challenge ?? 0)
      return {
        hubCalls: hubCalls.reduce((sum, calls) => sum + calls, 0),
        renewals: found.map((each) => each.counts('userauth_renewals_total', 'outcome').ok ?? 0),
      }
    }

    return {
      page,
      pubkey,
      endpoint,
      count,
      /** How many logins this page has begun. */
      logins: () => sockets.filter((url) => url === endpoint).length,
      users: async (...args: string[]) => {
        const { status } = await runProgram('cli/main.js', environment, ['users', ...args])
        expect(status).toBe(0)
      },
      async restart() {
        for (const { program } of instances) {
          program.kill('SIGTERM')
          expect(await program.ended()).toMatchObject({ status: 0 })
        }
        instances = await Promise.all(backends.map(start))
      },
    }
  }

  it('are renewed ten times over both, with one call of the Hub', async () => {
    const { page, count, logins } = await setUp()
    await logIn(page)
    for (let time = 1; time <= 10; time += 1) {
      await expire(page)
      await logIn(page)
      const times = time === 1 ? 'Renewed once' : `Renewed ${time} times`
      await page.locator('#session', { hasText: times }).waitFor()
    }
    const { hubCalls, renewals } = await count()
    expect(hubCalls).toBe(1)
    expect(renewals.reduce((sum, made) => sum + made, 0)).toBe(10)
    expect(Math.min(...renewals)).toBeGreaterThan(0)
    expect(logins()).toBe(1)
  }, 120_000)

  it('end with a block, and with a sign-out, after which the login is accepted', async () => {
    const { page, pubkey, users, logins } = await setUp()
    await logIn(page)
    await users('block', pubkey, '--reason', 'spam')
    await expire(page)
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('alert').filter({ hasText: 'may not log in here' }).waitFor()
    expect(logins()).toBe(1)
    expect(await sessionsIn(page)).toEqual([])

    await users('unblock', pubkey)
    await logIn(page)
    expect(logins()).toBe(2)
    await users('sign-out', pubkey)
    await expire(page)
    await logIn(page)
    await page.locator('#timeline', { hasText: 'sends the signature' }).waitFor()
    expect(logins()).toBe(3)
    expect(await sessionsIn(page)).toHaveLength(1)
  }, 60_000)

  it('go on when the servers are restarted', async () => {
    const { page, count, logins, restart } = await setUp()
    await logIn(page)
    await restart()
    await expire(page)
    await logIn(page)
    expect(await count()).toMatchObject({ hubCalls: 0 })
    expect(logins()).toBe(1)
  }, 60_000)

  it('outlive a reload of the page without a signature, and end with Log out', async () => {
    const { page, count, logins } = await setUp()
    await logIn(page)
    await page.reload()
    await logIn(page)
    await page.locator('#session', { hasText: 'before this page was loaded' }).waitFor()
    expect(await page.locator('#timeline .what').allTextContents()).toEqual([
      'asks to renew the API signature',
      'hands over a new API signature, without the Hub',
    ])
    expect(await count()).toMatchObject({ hubCalls: 1 })
    expect(logins()).toBe(1)

    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByText('You are logged out.').waitFor()
    expect(await sessionsIn(page)).toEqual([])
    await logIn(page)
    expect(logins()).toBe(2)
  }, 60_000)

  it('are nothing that an app of the tutorial has to know', async () => {
    const { page, endpoint } = await setUp()
    const identity = randomIdentity()
    await page.exposeFunction('sign', (bytes: number[]) => [
      ...identity.sign(Uint8Array.from(bytes)),
    ])
    const fields = await page.evaluate(tutorialLogin(endpoint, identity.pubkey))
    expect(fields).toEqual(['key', 'msg', 'sig', 'token'])
  })
})

/** Presses Log in, and waits until the Hub has taken what came of it. */
async function logIn(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByText('none yet').waitFor()
  await vi.waitFor(async () => expect(await page.locator('#status').textContent()).toBe(''))
  expect(await page.getByRole('alert').textContent()).toBe('')
}

/** Waits until the page's UserAuth is over. */
function expire(page: Page): Promise<void> {
  return page.locator('#life', { hasText: 'Expired' }).waitFor({ timeout: 2 * LIFE * 1_000 })
}

/** The names of the sessions that the page has stored. */
function sessionsIn(page: Page): Promise<string[]> {
  return page.evaluate('Object.keys(sessionStorage)')
}

/** What an app of the tutorial does; its value is the names of the fields that it gets. */
function tutorialLogin(endpoint: string, pubkey: string): string {
  return `new Promise((resolve, reject) => {
    const socket = new WebSocket(${JSON.stringify(endpoint)})
    socket.onopen = () =>
      socket.send(JSON.stringify({ pubkey: ${JSON.stringify(pubkey)}, type: 'token' }))
    socket.onmessage = async ({ data: text }) => {
      const message = JSON.parse(text)
      if (message.type === 'error') reject(message.value)
      if (message.type === 'token') resolve(Object.keys(message.value).sort())
      if (message.type !== 'challenge') return
      const sig = { type: 'Buffer', data: await window.sign(message.value.data) }
      socket.send(JSON.stringify({ type: 'challenge', sig }))
    }
  })`
}
