import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type DevHub, startDevHub } from '../../src/dev-hub/hub.js'
import { createApiKey } from '../../src/dev-hub/login/api-keys.js'
import { type Identity, randomIdentity } from '../support/identity.js'
import { freePort } from '../support/ports.js'
import { POSTGRES_PROGRAMS, type Postgres, startPostgres } from '../support/postgres.js'
import { emptyDatabase } from '../support/postgres-database.js'
import { renewAt, renewalOf } from '../support/renewal.js'
import { scrape } from '../support/scrape.js'
import { ProgramProcess, runProgram } from '../support/server-process.js'
import { TestApp } from '../support/test-app.js'

/** A server as a process. */
interface Instance {
  readonly program: ProgramProcess
  readonly url: string
  readonly metricsUrl: string
}

const PAGE = 'https://app.example.org'

// CI must not skip: there a missing server is a failure.
describe.runIf(POSTGRES_PROGRAMS !== undefined || process.env.CI)('sessions of two servers', () => {
  let postgres: Postgres
  beforeAll(async () => {
    postgres = await startPostgres()
  }, 60_000)
  afterAll(() => postgres.close())

  /** A Hub on a port of its own, and what starts servers that share it and their users. */
  async function setUp() {
    const apiKey = createApiKey()
    const grpcPort = await freePort()
    const startHub = () => startDevHub({ port: 0, grpcPort, apiKeys: [apiKey] })
    let hub: DevHub | undefined = await startHub()
    onTestFinished(() => hub?.close())
    const environment = {
      HUB_URL: `grpc://127.0.0.1:${grpcPort}`,
      USER_API_KEY: apiKey.key,
      USER_API_SECRET: apiKey.secret,
      DATABASE_URL: await emptyDatabase(postgres.url),
      USER_AUTH_TTL: '5',
      ALLOWED_ORIGINS: PAGE,
      HUB_TIMEOUT: '1',
    }
    const stopHub = async () => {
      await hub?.close()
      hub = undefined
    }
    return {
      apiKey,
      environment,
      stopHub,
      async resumeHub() {
        hub = await startHub()
      },
      start: (settings = {}) => startInstance({ ...environment, ...settings }),
      users: (...args: string[]) =>
        runProgram('cli/main.js', environment, ['users', ...args, '--json']),
    }
  }

  it('are renewed ten times over both with one call of the Hub, which may be gone', async () => {
    const { start, stopHub } = await setUp()
    const instances = [await start(), await start()]
    const renewal = await logIn(instances[0])
    await stopHub()
    const instants = new Set<string>()
    for (let time = 0; time < 10; time += 1) {
      const answer = await renewAtPage(instances[time % 2], renewal)
      expect(answer.status).toBe(200)
      const { value, now } = JSON.parse(JSON.stringify(answer.body))
      const life = Date.parse(value.msg) - Date.parse(now)
      expect(life).toBeGreaterThan(4_000)
      instants.add(value.msg)
    }
    expect(instants.size).toBe(10)
    const counts = await Promise.all(instances.map(({ metricsUrl }) => scrape(metricsUrl)))
    const sumOf = (count: (found: (typeof counts)[number]) => number | undefined) =>
      counts.reduce((sum, found) => sum + (count(found) ?? 0), 0)
    const steps = 'userauth_login_step_duration_seconds_count'
    for (const step of ['hub_challenge', 'hub_token', 'signature']) {
      expect(sumOf((found) => found.counts(steps, 'step')[step])).toBe(1)
    }
    expect(sumOf((found) => found.value('userauth_renewals_total', { outcome: 'ok' }))).toBe(10)
  })

  it('are refused at both from the command on that blocks the user, until unblocked', async () => {
    const { start, users } = await setUp()
    const instances = [await start(), await start()]
    const identity = randomIdentity()
    const renewal = await logIn(instances[0], identity)
    expect(await statusesAt(instances, renewal)).toEqual([200, 200])
    await succeeded(users('block', identity.pubkey, '--reason', 'spam'))
    expect(await statusesAt(instances, renewal)).toEqual([403, 403])
    await succeeded(users('unblock', identity.pubkey))
    expect(await statusesAt(instances, renewal)).toEqual([200, 200])
  })

  it('are refused at both from the command on that signs the user out, who may log in', async () => {
    const { start, users } = await setUp()
    const instances = [await start(), await start()]
    const identity = randomIdentity()
    const renewal = await logIn(instances[0], identity)
    const other = await logIn(instances[0])
    await succeeded(users('sign-out', identity.pubkey))
    expect(await statusesAt(instances, renewal)).toEqual([401, 401])
    expect(await statusesAt(instances, other)).toEqual([200, 200])
    const next = await logIn(instances[1], identity)
    expect(await statusesAt(instances, next)).toEqual([200, 200])
    const { user } = await succeeded(users('show', identity.pubkey))
    expect(user).toMatchObject({ logins: 2, renewals: 0 })
  })

  it('go on at a server that is restarted, while the Hub is away', async () => {
    const { start, stopHub, resumeHub } = await setUp()
    const first = await start()
    const renewal = await logIn(first)
    await stopHub()
    first.program.kill('SIGKILL')
    await first.program.ended()
    const restarted = await start()
    expect(await readinessOf(restarted)).toBe('key_unchecked')
    expect(await renewAtPage(restarted, renewal)).toMatchObject({ status: 200 })
    await resumeHub()
    await restarted.program.printed(/the Hub has confirmed the key/)
    expect(await renewAtPage(restarted, renewal)).toMatchObject({ status: 200 })
  })

  it('wait while the Hub refuses the key, and go on once it takes it', async () => {
    const { start, apiKey } = await setUp()
    const instance = await start()
    const renewal = await logIn(instance)
    apiKey.isRevoked = true
    await vi.waitFor(
      async () => {
        await readinessOf(instance)
        const { status, body } = await renewAtPage(instance, renewal)
        expect([status, body.code]).toEqual([503, 'hub_rejected'])
      },
      { timeout: 20_000, interval: 500 },
    )
    expect(await readinessOf(instance)).toBe('key_refused')
    apiKey.isRevoked = false
    await instance.program.printed(/the Hub has confirmed the key/)
    expect(await renewAtPage(instance, renewal)).toMatchObject({ status: 200 })
  })

  it('end with the API secret', async () => {
    const { environment, start, apiKey } = await setUp()
    const renewal = await logIn(await start())
    // Whoever runs a server with another secret is refused by the Hub, which is away here.
    const rotated = { HUB_URL: 'grpc://127.0.0.1:1', USER_API_SECRET: createApiKey().secret }
    const other = await startInstance({ ...environment, ...rotated })
    const { status, body } = await renewAtPage(other, renewal)
    expect([status, body.code]).toEqual([401, 'renewal_refused'])
    expect(apiKey.secret).not.toBe(rotated.USER_API_SECRET)
  })

  it('are not lost while PostgreSQL is away', async () => {
    const { start } = await setUp()
    const instance = await start()
    const renewal = await logIn(instance)
    await postgres.stop()
    const { status, body } = await renewAtPage(instance, renewal)
    await postgres.start()
    expect([status, body.code]).toEqual([500, 'internal'])
    await vi.waitFor(
      async () => expect(await renewAtPage(instance, renewal)).toMatchObject({ status: 200 }),
      { timeout: 10_000 },
    )
  })
})

/** Starts a server on free ports. */
async function startInstance(environment: Record<string, string>): Promise<Instance> {
  const ports = { HOST: '127.0.0.1', PORT: '0', METRICS_PORT: '0' }
  const program = await ProgramProcess.start('index.js', { ...ports, ...environment })
  const [, metricsUrl = ''] = await program.printed(/metrics are at (http:\S+?metrics)/)
  const [, url = ''] = await program.printed(/users log in at (ws:\S+?userauth)/)
  return { program, url, metricsUrl }
}

/** Logs a user in from the page. @returns the renewal */
async function logIn(at: Instance | undefined, identity?: Identity): Promise<string> {
  const app = await TestApp.connect(at?.url ?? '', { origin: PAGE })
  const token = await app.login(identity)
  app.leave()
  return renewalOf(token)
}

function renewAtPage(at: Instance | undefined, renewal: string) {
  return renewAt(at?.url ?? '', renewal, { headers: { origin: PAGE } })
}

async function statusesAt(instances: readonly Instance[], renewal: string) {
  const answers = await Promise.all(instances.map((instance) => renewAtPage(instance, renewal)))
  return answers.map(({ status }) => status)
}

async function readinessOf({ url }: Instance): Promise<unknown> {
  const response = await fetch(new URL('/ready', url.replace(/^ws/, 'http')))
  const { status } = JSON.parse(await response.text())
  return status
}

/** What a command printed that has succeeded. */
async function succeeded(command: ReturnType<typeof runProgram>) {
  const { status, stdout } = await command
  expect(status).toBe(0)
  return JSON.parse(stdout)
}
