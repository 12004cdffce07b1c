import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { startFaultyGrpcHub } from '../support/faulty-grpc-hub.js'
import {
  challengeReply,
  type Script,
  type StartFaultyHub,
  tokenReply,
} from '../support/faulty-hub.js'
import { startFaultySocketHub, startFaultyWebHub } from '../support/faulty-web-hub.js'
import { randomIdentity } from '../support/identity.js'
import { expectNoLoginLeft } from '../support/leftovers.js'
import { startLoginServer, startWithFaultyHub } from '../support/login-server.js'
import { TestApp } from '../support/test-app.js'
import { upToSignature } from '../support/token-calls.js'
import { unsignedToken } from '../support/unsigned-token.js'

/** A Hub's deadline that tests can wait for, in seconds. */
const SHORT = 0.2

/** What the Hub does before the app has been challenged, and what the app is told. */
const beforeChallenge: Record<string, { script: Script; code: string; hubTimeout?: number }> = {
  'closes on connection': { script: async (call) => call.close(), code: 'hub_unavailable' },
  'drops the connection': {
    script: async (call) => call.drop(),
    code: 'hub_unavailable',
  },
  'says nothing': { script: async () => {}, code: 'hub_timeout', hubTimeout: SHORT },
  'sends headers, then nothing': {
    script: async (call) => call.sendHeaders(),
    code: 'hub_timeout',
    hubTimeout: SHORT,
  },
  'closes after the headers': {
    script: async (call) => {
      call.sendHeaders()
      call.close()
    },
    code: 'hub_unavailable',
  },
  'closes inside a frame': {
    script: async (call) => {
      call.send(challengeReply(randomBytes(32)).subarray(0, 9))
      call.close()
    },
    code: 'hub_unavailable',
  },
  'answers nonsense': {
    script: async (call) => call.send(randomBytes(200).fill(0xff)),
    code: 'hub_unavailable',
  },
  'answers what is no protobuf': {
    script: async (call) => call.send(Uint8Array.of(0, 0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff)),
    code: 'hub_unavailable',
  },
  'announces a frame of 4 GiB': {
    script: async (call) => call.send(Uint8Array.of(0, 0xff, 0xff, 0xff, 0xff)),
    code: 'hub_unavailable',
  },
  'sends a challenge of 0 bytes': {
    script: async (call) => call.challenge(new Uint8Array(0)),
    code: 'hub_unavailable',
  },
  'sends a challenge of 31 bytes': {
    script: async (call) => call.challenge(randomBytes(31)),
    code: 'hub_unavailable',
  },
  'sends a challenge of 1 MB': {
    script: async (call) => call.challenge(randomBytes(1_000_000)),
    code: 'hub_unavailable',
  },
  'sends 5 MB': {
    script: async (call) => call.send(randomBytes(5_000_000)),
    code: 'hub_unavailable',
  },
  'hands out a token unasked': {
    script: async (call) => {
      call.send(tokenReply(unsignedToken('x')))
      call.end(0)
    },
    code: 'hub_unavailable',
  },
  'ends well without a challenge': {
    script: async (call) => call.end(0),
    code: 'hub_unavailable',
  },
  'ends with a status that is no number': {
    script: async (call) => call.end('x'),
    code: 'hub_unavailable',
  },
  'ends with code 2': { script: async (call) => call.end(2), code: 'hub_unavailable' },
  'ends with code 4': { script: async (call) => call.end(4), code: 'hub_timeout' },
  'ends with code 5': { script: async (call) => call.end(5), code: 'hub_rejected' },
  'ends with code 7': { script: async (call) => call.end(7), code: 'hub_rejected' },
  'ends with code 14': { script: async (call) => call.end(14), code: 'hub_unavailable' },
  'ends with code 16': { script: async (call) => call.end(16), code: 'hub_rejected' },
}

/** What the Hub does while the app signs. */
const whileSigning: Record<string, { end: Script; code: string }> = {
  closes: { end: async (call) => call.close(), code: 'hub_unavailable' },
  'drops the connection': { end: async (call) => call.drop(), code: 'hub_unavailable' },
  'gives up waiting': {
    end: async (call) => call.end(4, 'Challenge deadline exceeded'),
    code: 'hub_timeout',
  },
  'ends well': { end: async (call) => call.end(0), code: 'hub_unavailable' },
  'hands out a token': {
    end: async (call) => {
      call.send(tokenReply(unsignedToken('x')))
      call.end(0)
    },
    code: 'hub_unavailable',
  },
}

/** What the Hub does once it has the signature. */
const afterSignature: Record<string, { end: Script; code: string; hubTimeout?: number }> = {
  'says nothing': { end: async () => {}, code: 'hub_timeout', hubTimeout: SHORT },
  'sends a token but never ends': {
    end: async (call) => call.send(tokenReply(unsignedToken('x'))),
    code: 'hub_timeout',
    hubTimeout: SHORT,
  },
  closes: { end: async (call) => call.close(), code: 'hub_unavailable' },
  'drops the connection': { end: async (call) => call.drop(), code: 'hub_unavailable' },
  'sends a token, then closes without a status': {
    end: async (call) => {
      call.send(tokenReply(unsignedToken('x')))
      call.close()
    },
    code: 'hub_unavailable',
  },
  'ends well without a token': { end: async (call) => call.end(0), code: 'hub_unavailable' },
  'sends an empty token': {
    end: async (call) => {
      call.send(tokenReply(''))
      call.end(0)
    },
    code: 'hub_unavailable',
  },
  'sends a token that is no JWT': {
    end: async (call) => {
      call.send(tokenReply('abc'))
      call.end(0)
    },
    code: 'hub_unavailable',
  },
  'sends a token for another key': {
    end: async (call) => {
      call.send(tokenReply(unsignedToken('bsomeoneelse')))
      call.end(0)
    },
    code: 'internal',
  },
  'calls a right signature bad': {
    end: async (call) => call.end(2, 'bad signature'),
    code: 'hub_unavailable',
  },
  'answers nonsense': {
    end: async (call) => call.send(randomBytes(100).fill(0xee)),
    code: 'hub_unavailable',
  },
  'refuses the key': { end: async (call) => call.end(16), code: 'hub_rejected' },
}

/** A Hub's doors. */
const doors: Record<string, { startHub: StartFaultyHub; scheme: string }> = {
  'gRPC-web': { startHub: startFaultyWebHub, scheme: 'http' },
  'native gRPC': { startHub: startFaultyGrpcHub, scheme: 'grpc' },
}

describe.each(Object.entries(doors))('by %s,', (_door, { startHub, scheme }) => {
  describe('a Hub that, before the challenge,', () => {
    it.each(Object.entries(beforeChallenge))('%s', async (_name, { script, code, ...settings }) => {
      const { hub, server } = await startWithFaultyHub(script, settings, startHub)
      const app = await TestApp.connect(server.url)
      app.send({ type: 'token', pubkey: randomIdentity().pubkey })
      expect(await app.next()).toMatchObject({ type: 'error', code })
      await expectNoLoginLeft(server, hub)
    })
  })

  describe('a Hub that, while the app signs,', () => {
    it.each(Object.entries(whileSigning))('%s', async (_name, { end, code }) => {
      const { hub, server } = await startWithFaultyHub(
        async (call) => {
          await call.receiveKey()
          call.challenge()
          await end(call)
        },
        {},
        startHub,
      )
      const app = await TestApp.connect(server.url)
      const identity = randomIdentity()
      const challenge = await app.requestChallenge(identity.pubkey)
      expect(await app.next()).toMatchObject({ type: 'error', code })
      await expectNoLoginLeft(server, hub)

      app.sendSignature(identity.sign(challenge))
      expect(await app.next()).toMatchObject({ code: 'no_challenge' })
    })

    it('challenges twice has one answered', async () => {
      const { hub, server } = await startWithFaultyHub(
        async (call) => {
          await call.receiveKey()
          call.challenge()
          call.send(challengeReply(randomBytes(32)))
          await call.receive()
          call.end(2)
        },
        {},
        startHub,
      )
      const app = await TestApp.connect(server.url)
      expect(await app.login()).toMatchObject({ code: 'hub_unavailable' })
      await expectNoLoginLeft(server, hub)
    })
  })

  describe('a Hub that, having the signature,', () => {
    it.each(Object.entries(afterSignature))('%s', async (_name, { end, code, ...settings }) => {
      const script: Script = async (call) => {
        await upToSignature(call)
        await end(call)
      }
      const { hub, server } = await startWithFaultyHub(script, settings, startHub)
      const app = await TestApp.connect(server.url)
      expect(await app.login()).toMatchObject({ type: 'error', code })
      await expectNoLoginLeft(server, hub)
    })
  })

  describe('a Hub that is down', () => {
    it('is reported, and the socket serves on', async () => {
      const { hub, server } = await startWithFaultyHub(async () => {}, {}, startHub)
      await hub.close()
      const app = await TestApp.connect(server.url)
      for (let round = 0; round < 2; round += 1) {
        app.send({ type: 'token', pubkey: randomIdentity().pubkey })
        expect(await app.next()).toMatchObject({ code: 'hub_unavailable' })
      }
    })

    it('is no Hub at all', async () => {
      const apiKey = { key: 'bkey', secret: randomBytes(24) }
      const other = await startLoginServer('http://127.0.0.1:1', apiKey)
      const server = await startLoginServer(
        other.url.replace(/^ws:\/\/([^/]+).*/, `${scheme}://$1`),
        apiKey,
      )
      const app = await TestApp.connect(server.url)
      app.send({ type: 'token', pubkey: randomIdentity().pubkey })
      expect(await app.next()).toMatchObject({ code: 'hub_unavailable' })
    })
  })
})

describe('a Hub that, by gRPC-web,', () => {
  it('answers text', async () => {
    const startHub = () => startFaultySocketHub((socket) => socket.send('hello'))
    const { hub, server } = await startWithFaultyHub(async () => {}, {}, startHub)
    const app = await TestApp.connect(server.url)
    app.send({ type: 'token', pubkey: randomIdentity().pubkey })
    expect(await app.next()).toMatchObject({ type: 'error', code: 'hub_unavailable' })
    await expectNoLoginLeft(server, hub)
  })
})
