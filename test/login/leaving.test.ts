import { describe, expect, it } from 'vitest'
import type { Script } from '../support/faulty-hub.js'
import { randomIdentity } from '../support/identity.js'
import { expectNothingLeft } from '../support/leftovers.js'
import { startWithDevHub, startWithFaultyHub } from '../support/login-server.js'
import { TestApp } from '../support/test-app.js'
import { upToSignature } from '../support/token-calls.js'

/** A signal that one side of a test gives and the other waits for. */
function signal(): { given: Promise<void>; give: () => void } {
  let give = () => {}
  const given = new Promise<void>((resolve) => {
    give = resolve
  })
  return { given, give }
}

/** A Hub's deadline that no test outlasts, in seconds: what is freed is not freed by it. */
const LONG = 60

describe('an app that leaves', () => {
  it('before it asks for anything', async () => {
    const { hub, server } = await startWithDevHub()
    const app = await TestApp.connect(server.url)
    app.leave()
    await expectNothingLeft(server, hub)
  })

  it('while the Hub is asked for a challenge', async () => {
    const asked = signal()
    const script: Script = async (call) => {
      await call.receiveKey()
      asked.give()
    }
    const { hub, server } = await startWithFaultyHub(script, { hubTimeout: LONG })
    const app = await TestApp.connect(server.url)
    app.send({ type: 'token', pubkey: randomIdentity().pubkey })
    await asked.given
    expect(server.count().logins).toBe(1)
    app.leave()
    await expectNothingLeft(server, hub)
  })

  it('while it should sign', async () => {
    const { hub, server } = await startWithDevHub({ challengeTimeout: LONG })
    const app = await TestApp.connect(server.url)
    await app.requestChallenge(randomIdentity().pubkey)
    expect(hub.openCalls).toBe(1)
    app.leave()
    await expectNothingLeft(server, hub)
  })

  it('while the Hub is asked for a token', async () => {
    const asked = signal()
    const script: Script = async (call) => {
      await upToSignature(call)
      asked.give()
    }
    const { hub, server } = await startWithFaultyHub(script, { hubTimeout: LONG })
    const app = await TestApp.connect(server.url)
    const identity = randomIdentity()
    app.sendSignature(identity.sign(await app.requestChallenge(identity.pubkey)))
    await asked.given
    app.leave()
    await expectNothingLeft(server, hub)
  })

  it('in the same instant as it signs', async () => {
    const { hub, server } = await startWithDevHub({ hubTimeout: LONG })
    for (let round = 0; round < 20; round += 1) {
      const app = await TestApp.connect(server.url)
      const identity = randomIdentity()
      app.sendSignature(identity.sign(await app.requestChallenge(identity.pubkey)))
      if (round % 2 === 0) app.leave()
      else app.socket.close()
    }
    await expectNothingLeft(server, hub)
  })

  it('before the Hub has taken the connection', async () => {
    const { hub, server } = await startWithFaultyHub(async () => {}, { hubTimeout: LONG })
    for (let round = 0; round < 20; round += 1) {
      const app = await TestApp.connect(server.url)
      app.send({ type: 'token', pubkey: randomIdentity().pubkey })
      app.leave()
    }
    await expectNothingLeft(server, hub)
  })
})
