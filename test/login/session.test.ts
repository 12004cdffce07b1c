import { randomBytes } from 'node:crypto'
import { pino } from 'pino'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Hub, TokenCall } from '../../src/hub/hub.js'
import { ServerKey } from '../../src/hub/server-key.js'
import { DEFAULT_LIMITS } from '../../src/limits/limits.js'
import { RateLimits } from '../../src/limits/rate-limits.js'
import { LoginLog } from '../../src/login/login-log.js'
import { PendingLogins } from '../../src/login/pending-logins.js'
import { type AppSocket, LoginSession } from '../../src/login/session.js'
import { randomIdentity } from '../support/identity.js'
import { never } from '../support/never.js'

const identity = randomIdentity()

/** A Hub that challenges, and then says nothing more. */
class ChallengingHub implements Hub {
  asked = 0

  requestToken(): TokenCall {
    this.asked += 1
    const challenge = Promise.resolve(randomBytes(32))
    return { challenge, failed: never(), answer: never, release: () => {} }
  }
}

/** A socket that remembers what it was told. */
class TestSocket implements AppSocket {
  readonly address = '192.0.2.1'
  readonly origin = undefined
  readonly told: (string | number)[] = []

  send(text: string): void {
    const { type, code } = JSON.parse(text)
    this.told.push(code ?? type)
  }

  close(code: number): void {
    this.told.push(code)
  }
}

let hub: ChallengingHub
let loginLog: LoginLog
let socket: TestSocket
let eventLoop: { isLagging: boolean }

beforeEach(() => {
  hub = new ChallengingHub()
  socket = new TestSocket()
  eventLoop = { isLagging: false }
})

function openSession(limits = {}): LoginSession {
  loginLog = new LoginLog(pino({ level: 'silent' }))
  const session = new LoginSession(socket, {
    hub,
    serverKey: new ServerKey({ key: 'bkey', secret: randomBytes(24) }),
    challengeTimeout: 30,
    userAuthTtl: 300,
    renewalTtl: 3_600,
    idleTimeout: 30,
    loginLog,
    rateLimits: new RateLimits({ ...DEFAULT_LIMITS, ...limits }),
    pendingLogins: new PendingLogins(() => Number.POSITIVE_INFINITY),
    eventLoop,
  })
  return session
}

function receive(session: LoginSession, message: object): void {
  session.receive(Buffer.from(JSON.stringify(message)), false)
}

/** Waits until the socket was told what is expected, and nothing else. */
async function expectTold(...told: (string | number)[]): Promise<void> {
  await expect.poll(() => socket.told).toEqual(told)
  await new Promise((resolve) => setImmediate(resolve))
  expect(socket.told).toEqual(told)
}

async function challengedSession(): Promise<LoginSession> {
  const session = openSession()
  receive(session, { type: 'token', pubkey: identity.pubkey })
  await expectTold('challenge')
  expect(loginLog.running).toBe(1)
  return session
}

describe('a session', () => {
  it('takes no login while the process lags', async () => {
    const session = openSession()
    eventLoop.isLagging = true
    receive(session, { type: 'token', pubkey: identity.pubkey })
    await expectTold('overloaded')
    expect(hub.asked).toBe(0)
    expect(loginLog.running).toBe(0)
    session.disconnected()
  })

  it('that drains is closed at once where no login runs', async () => {
    const session = openSession()
    session.drain()
    await expectTold('shutting_down', 1001)
    session.drain()
    session.stop()
    await expectTold('shutting_down', 1001)
  })

  it('that drains is closed when its login has ended', async () => {
    const session = await challengedSession()
    session.drain()
    await expectTold('challenge')
    receive(session, { type: 'challenge', sig: Array.from(new Uint8Array(63)) })
    await expectTold('challenge', 'bad_signature', 1001)
  })

  it('that is stopped ends its login', async () => {
    const session = await challengedSession()
    session.stop()
    await expectTold('challenge', 'shutting_down', 1001)
    expect(loginLog.running).toBe(0)
  })

  it('whose app has left says nothing more, and takes nothing more', async () => {
    const session = await challengedSession()
    session.disconnected()
    await expect.poll(() => loginLog.running).toBe(0)
    receive(session, { type: 'token', pubkey: identity.pubkey })
    session.receive(Buffer.from('junk'), false)
    session.stop()
    session.drain()
    await expectTold('challenge')
    expect(hub.asked).toBe(1)
  })

  it('that junk has closed takes nothing more', async () => {
    const session = openSession()
    session.receive(Buffer.from('junk'), false)
    session.receive(Buffer.from('junk'), false)
    receive(session, { type: 'token', pubkey: identity.pubkey })
    await expectTold('bad_request', 1008)
    expect(hub.asked).toBe(0)
  })

  it('counts useless messages like logins', async () => {
    const session = openSession({ loginsPerMinutePerIp: 2 })
    for (let message = 0; message < 3; message += 1) {
      receive(session, { type: 'challenge', sig: [] })
    }
    await expectTold('no_challenge', 'no_challenge', 'rate_limited')
    session.disconnected()
  })

  it('closes junk even where the address may send no more', async () => {
    const session = openSession({ loginsPerMinutePerIp: 1 })
    receive(session, { type: 'token', pubkey: 'x' })
    receive(session, { type: 'token', pubkey: 'x' })
    await expectTold('invalid_pubkey', 'rate_limited')
    session.receive(Buffer.from('junk'), false)
    await expectTold('invalid_pubkey', 'rate_limited', 'bad_request', 1008)
  })
})
