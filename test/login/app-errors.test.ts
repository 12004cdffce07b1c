import { describe, expect, it, vi } from 'vitest'
import type { ServerOptions } from '../../src/http/server.js'
import { MAX_IDLE_SOCKETS } from '../../src/hub/grpc-web/socket-pool.js'
import { countResources } from '../support/count-resources.js'
import { randomIdentity } from '../support/identity.js'
import { expectNothingLeft } from '../support/leftovers.js'
import { startWithDevHub } from '../support/login-server.js'
import { TestApp } from '../support/test-app.js'

/** Deadlines that a test can wait for, in seconds, and ones that it can't. */
const SHORT = 0.1
const LONG = 60

/** Idle sockets to the Hub; here is the Hub's end of them, too. */
const HUB_SOCKETS = 2 * MAX_IDLE_SOCKETS

/** What an app does, and what becomes of it. */
interface Fault {
  /** Does it; the server's end of the socket is what closes it, unless the app leaves. */
  readonly act: (app: TestApp) => Promise<void> | void
  /** The codes of the errors that the app is sent, in order, and `token` for a token. */
  readonly outcome: readonly string[]
  /** The close code: 1006 where the app itself leaves without a word. */
  readonly closeCode: number
  /** Which deadline ends it, where one does; the others are long. */
  readonly endedBy?: 'idleTimeout' | 'challengeTimeout'
}

const identity = randomIdentity()

/** Every way of an app to misbehave; the Hub is well. */
const faults: Record<string, Fault> = {
  'says nothing at all': {
    act: () => {},
    outcome: [],
    closeCode: 1008,
    endedBy: 'idleTimeout',
  },
  'says nothing after the challenge': {
    act: async (app) => {
      await app.requestChallenge(identity.pubkey)
    },
    outcome: ['challenge_timeout'],
    closeCode: 1006,
    endedBy: 'challengeTimeout',
  },
  'says nothing after its login': {
    act: async (app) => {
      const challenge = await app.requestChallenge(identity.pubkey)
      app.sendSignature(identity.sign(challenge))
    },
    outcome: ['token'],
    closeCode: 1000,
    endedBy: 'idleTimeout',
  },
  'sends pings instead of a request': {
    act: (app) => {
      const pinging = setInterval(() => app.socket.ping(), 10)
      app.socket.once('close', () => clearInterval(pinging))
    },
    outcome: [],
    closeCode: 1008,
    endedBy: 'idleTimeout',
  },
  'asks for what it is refused instead of a login': {
    act: (app) => {
      const asking = setInterval(() => app.send({ type: 'token', pubkey: 'x' }), 40)
      app.socket.once('close', () => clearInterval(asking))
    },
    outcome: ['invalid_pubkey', 'invalid_pubkey'],
    closeCode: 1008,
    endedBy: 'idleTimeout',
  },
  'sends junk': {
    act: (app) => app.socket.send('junk'),
    outcome: ['bad_request'],
    closeCode: 1008,
  },
  'sends a binary frame': {
    act: (app) => app.socket.send(Buffer.from('{"type":"token"}')),
    outcome: ['bad_request'],
    closeCode: 1008,
  },
  'sends junk in the middle of its login': {
    act: async (app) => {
      await app.requestChallenge(identity.pubkey)
      app.socket.send('junk')
    },
    outcome: ['bad_request'],
    closeCode: 1008,
  },
  'sends a message that is too large': {
    act: (app) => app.socket.send('x'.repeat(4_097)),
    outcome: [],
    closeCode: 1009,
  },
  'sends a message that is too large in ten thousand fragments': {
    act: (app) => sendFragments(app, 10_000),
    outcome: [],
    closeCode: 1009,
  },
  'sends fragments without end': {
    act: (app) => sendFragments(app, 1_000),
    outcome: [],
    closeCode: 1008,
    endedBy: 'idleTimeout',
  },
  'sends text that is no UTF-8': {
    act: (app) => app.socket.send(Buffer.from([0xff, 0xfe]), { binary: false }),
    outcome: [],
    closeCode: 1007,
  },
  'asks twice at once': {
    act: async (app) => {
      app.send({ type: 'token', pubkey: identity.pubkey })
      app.send({ type: 'token', pubkey: identity.pubkey })
    },
    outcome: ['busy', 'challenge', 'challenge_timeout'],
    closeCode: 1006,
    endedBy: 'challengeTimeout',
  },
  'signs before it is asked': {
    act: async (app) => {
      app.sendSignature(new Uint8Array(64))
      const { code } = await app.next()
      expect(code).toBe('no_challenge')
      await signOnce(app)
    },
    outcome: ['token'],
    closeCode: 1006,
  },
  'signs too late': {
    act: async (app) => {
      const challenge = await app.requestChallenge(identity.pubkey)
      expect(await app.next()).toMatchObject({ code: 'challenge_timeout' })
      app.sendSignature(identity.sign(challenge))
    },
    outcome: ['no_challenge'],
    closeCode: 1006,
    endedBy: 'challengeTimeout',
  },
  'signs twice': {
    act: async (app) => {
      const challenge = await app.requestChallenge(identity.pubkey)
      app.sendSignature(identity.sign(challenge))
      app.sendSignature(identity.sign(challenge))
    },
    outcome: ['no_challenge', 'token'],
    closeCode: 1006,
  },
  'signs the challenge of another login': {
    act: async (app) => {
      const first = await app.requestChallenge(identity.pubkey)
      app.sendSignature(identity.sign(first))
      await app.next()
      await app.requestChallenge(identity.pubkey)
      app.sendSignature(identity.sign(first))
    },
    outcome: ['bad_signature'],
    closeCode: 1006,
  },
  'signs with another key': {
    act: async (app) => {
      const challenge = await app.requestChallenge(identity.pubkey)
      app.sendSignature(randomIdentity().sign(challenge))
    },
    outcome: ['bad_signature'],
    closeCode: 1006,
  },
  'spells its key in another way': {
    act: (app) => app.send({ type: 'token', pubkey: identity.pubkey.toUpperCase() }),
    outcome: ['invalid_pubkey'],
    closeCode: 1006,
  },
  'leaves at once': {
    act: (app) => app.leave(),
    outcome: [],
    closeCode: 1006,
  },
  'leaves after its request': {
    act: (app) => {
      app.send({ type: 'token', pubkey: identity.pubkey })
      app.leave()
    },
    outcome: [],
    closeCode: 1006,
  },
  'leaves with the challenge': {
    act: async (app) => {
      await app.requestChallenge(identity.pubkey)
      app.leave()
    },
    outcome: [],
    closeCode: 1006,
  },
  'leaves after its signature': {
    act: async (app) => {
      const challenge = await app.requestChallenge(identity.pubkey)
      app.sendSignature(identity.sign(challenge))
      app.leave()
    },
    outcome: [],
    closeCode: 1006,
  },
}

async function signOnce(app: TestApp): Promise<void> {
  const challenge = await app.requestChallenge(identity.pubkey)
  app.sendSignature(identity.sign(challenge))
}

function sendFragments(app: TestApp, count: number): void {
  for (let fragment = 0; fragment < count; fragment += 1) app.socket.send('x', { fin: false })
}

function settingsFor({ endedBy }: Fault): Partial<ServerOptions> {
  const limits = { idleTimeout: endedBy === 'idleTimeout' ? SHORT : LONG }
  return { limits, challengeTimeout: endedBy === 'challengeTimeout' ? SHORT : LONG }
}

describe('an app that', () => {
  it.each(Object.entries(faults))('%s', async (_name, fault) => {
    const { hub, server } = await startWithDevHub(settingsFor(fault))
    const app = await TestApp.connect(server.url)
    await fault.act(app)
    const outcome: unknown[] = []
    for (const _ of fault.outcome) {
      const { type, code } = await app.next()
      outcome.push(code ?? type)
    }
    expect(outcome).toEqual(fault.outcome)
    // What the server does not close, the app does in the end.
    if (fault.closeCode === 1006) app.leave()
    expect(await app.closed()).toBe(fault.closeCode)
    await expectNothingLeft(server, hub)
  })

  it('does any of this leaves no timer and no connection behind', async () => {
    const timers = () => countResources().Timeout ?? 0
    const sockets = () => countResources().TCPSocketWrap ?? 0
    const { hub, server } = await startWithDevHub(settingsFor({ ...fault('says nothing at all') }))
    const before = { timers: timers(), sockets: sockets() }
    for (let round = 0; round < 50; round += 1) {
      const app = await TestApp.connect(server.url)
      app.send({ type: 'token', pubkey: identity.pubkey })
      app.leave()
    }
    await expectNothingLeft(server, hub)
    await vi.waitFor(() => {
      // Not one for each round: beside what there was before, only sockets to the Hub that wait
      // for calls, and the timers of those and of the one who waits here.
      expect(sockets()).toBeLessThanOrEqual(before.sockets + HUB_SOCKETS)
      expect(timers()).toBeLessThan(before.timers + HUB_SOCKETS + 5)
    }, 5_000)
  })
})

function fault(name: string): Fault {
  const found = faults[name]
  if (!found) throw new Error(`no fault ${name}`)
  return found
}

describe('an app that never reads', () => {
  it('is cut off once it leaves too much unread', async () => {
    const limits = { loginsPerMinutePerIp: Number.POSITIVE_INFINITY, idleTimeout: LONG }
    const { hub, server } = await startWithDevHub({ limits })
    const app = await TestApp.connect(server.url)
    app.socket.pause()
    const asking = setInterval(() => {
      for (let message = 0; message < 500; message += 1) app.sendSignature(new Uint8Array(64))
    }, 1)
    await vi.waitFor(() => expect(server.count().sockets).toBe(0), 20_000)
    clearInterval(asking)
    app.leave()
    await expectNothingLeft(server, hub)
  })
})
