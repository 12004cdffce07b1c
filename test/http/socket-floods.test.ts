import { describe, expect, it, vi } from 'vitest'
import { randomIdentity } from '../support/identity.js'
import { expectNothingLeft } from '../support/leftovers.js'
import { startWithDevHub } from '../support/login-server.js'
import { serveMetrics } from '../support/metrics.js'
import { TestApp } from '../support/test-app.js'

/** Deadlines that end no test. */
const LONG = { idleTimeout: 60 }

/** Where an honest app comes from, while 127.0.0.1 attacks. */
const ELSEWHERE = { localAddress: '127.0.0.2' }

/** What floods a socket, and is answered with what before it is closed. */
const FLOODS: Record<string, { send: (app: TestApp) => void; answers: number }> = {
  'keys that are none': {
    send: (app) => app.send({ type: 'token', pubkey: 'x' }),
    answers: 20,
  },
  'signatures that nobody waits for': {
    send: (app) => app.sendSignature(new Uint8Array()),
    answers: 20,
  },
}

async function flood(url: string, send: (app: TestApp) => void): Promise<TestApp> {
  const app = await TestApp.connect(url)
  for (let message = 0; message < 2_000; message += 1) send(app)
  return app
}

describe('a socket that floods', () => {
  it.each(Object.entries(FLOODS))('with %s is closed after twenty', async (_name, kind) => {
    const { hub, server } = await startWithDevHub({ limits: LONG })
    const app = await flood(server.url, kind.send)
    for (let answer = 0; answer < kind.answers; answer += 1) {
      expect(await app.next()).toMatchObject({ type: 'error' })
    }
    expect(await app.closed()).toBe(1008)
    await expect(app.next()).rejects.toThrow('no message')
    await expectNothingLeft(server, hub)
  })

  it('with requests beyond its limit is closed after twenty', async () => {
    const { hub, server } = await startWithDevHub({ limits: { ...LONG, loginsPerMinutePerIp: 3 } })
    const app = await TestApp.connect(server.url)
    for (let login = 0; login < 3; login += 1) await app.login()
    for (let message = 0; message < 20; message += 1) {
      app.send({ type: 'token', pubkey: randomIdentity().pubkey })
      expect(await app.next()).toMatchObject({ code: 'rate_limited' })
    }
    expect(await app.closed()).toBe(1008)
    await expectNothingLeft(server, hub)
  })

  it('while a login runs on it is closed, and its login ends', async () => {
    const { hub, server } = await startWithDevHub({ limits: LONG, challengeTimeout: 50 })
    const app = await TestApp.connect(server.url)
    const { pubkey } = randomIdentity()
    await app.requestChallenge(pubkey)
    for (let message = 0; message < 30; message += 1) app.send({ type: 'token', pubkey })
    expect(await app.closed()).toBe(1008)
    await expectNothingLeft(server, hub)
  })

  it.each<[what: string, send: (app: TestApp) => void]>([
    ['pings', (app) => app.socket.ping()],
    ['large pings', (app) => app.socket.ping('x'.repeat(125))],
    ['pongs', (app) => app.socket.pong('x'.repeat(125))],
    ['fragments', (app) => app.socket.send('x', { fin: false })],
    ['empty fragments', (app) => app.socket.send('', { fin: false })],
  ])('with %s is closed', async (_what, send) => {
    const { hub, server } = await startWithDevHub({ limits: LONG })
    const app = await flood(server.url, send)
    expect(await app.closed()).toBe(1008)
    await expectNothingLeft(server, hub)
  })

  it('has as much to send for each login', async () => {
    const { server } = await startWithDevHub({ limits: LONG })
    const app = await TestApp.connect(server.url)
    for (let login = 0; login < 4; login += 1) {
      // Padding that JSON allows: 30 kB for each login, 120 kB in all.
      for (let pong = 0; pong < 240; pong += 1) app.socket.pong('x'.repeat(119))
      expect(await app.login()).toMatchObject({ type: 'token' })
    }
    for (let pong = 0; pong < 1_000; pong += 1) app.socket.pong('x'.repeat(119))
    expect(await app.closed()).toBe(1008)
  })

  it('is told apart from one that talks nonsense once', async () => {
    const { server } = await startWithDevHub({ limits: LONG })
    for (let socket = 0; socket < 5; socket += 1) {
      const junk = await TestApp.connect(server.url)
      junk.socket.send(['junk', 'x'.repeat(5_000)][socket % 2] ?? '')
      expect([1008, 1009]).toContain(await junk.closed())
    }
    await TestApp.connect(server.url)
  })
})

describe('an address of which three sockets have flooded', () => {
  it('gets no new ones, keeps those that it has, and others get theirs', async () => {
    const { events } = await serveMetrics()
    const limitHit = vi.spyOn(events, 'limitHit')
    const { server } = await startWithDevHub({ limits: LONG, events })
    const open = await TestApp.connect(server.url)
    for (let socket = 0; socket < 3; socket += 1) {
      const flooding = await flood(server.url, (app) => app.sendSignature(new Uint8Array()))
      expect(await flooding.closed()).toBe(1008)
    }
    await expect(TestApp.connect(server.url)).rejects.toThrow('429')
    expect(await open.login()).toMatchObject({ type: 'token' })
    const elsewhere = await TestApp.connect(server.url, ELSEWHERE)
    expect(await elsewhere.login()).toMatchObject({ type: 'token' })
    const names = limitHit.mock.calls.map(([name]) => name)
    // Which of the two is reached first is for the network to say.
    const floods = ['messages_per_socket', 'bytes_per_login']
    expect(names.filter((name) => floods.includes(name))).toHaveLength(3)
    expect(names).toContain('floods_per_minute_per_ip')
  })
})
