import { setTimeout as wait } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { startDevHub } from '../../../src/dev-hub/hub.js'
import { decodeKey } from '../../support/api-key.js'
import { countClientSockets } from '../../support/client-sockets.js'
import { randomIdentity } from '../../support/identity.js'
import { expectNoLoginLeft } from '../../support/leftovers.js'
import { startLoginServer } from '../../support/login-server.js'
import { startRelay } from '../../support/relay.js'
import { TestApp } from '../../support/test-app.js'

/**
 * How many apps attack at once, and how often each of them asks: more often in all than a peer lets
 * calls be reset, which is a thousand times in a row at Node's own servers.
 */
const APPS = 40
const ASKS = 40

/** How far away the Hub is, and when an app leaves after it asked, in ms. */
const ONE_WAY_MS = 4
const LEAVES_AFTER_MS = 2

it('has one connection to the Hub, whoever asks and leaves before the Hub can answer', async () => {
  const hub = await startDevHub()
  onTestFinished(() => hub.close())
  const relay = await startRelay(hub.grpcUrl, ONE_WAY_MS)
  const sockets = countClientSockets(relay.url)
  const apiKey = decodeKey(hub.apiKeys[0])
  const limits = { loginsPerMinutePerIp: Number.POSITIVE_INFINITY }
  const server = await startLoginServer(relay.url, apiKey, { limits })

  const { pubkey } = randomIdentity()
  const attack = Array.from({ length: APPS }, async () => {
    for (let ask = 0; ask < ASKS; ask += 1) {
      const app = await TestApp.connect(server.url)
      app.send({ type: 'token', pubkey })
      await wait(LEAVES_AFTER_MS)
      app.leave()
    }
  })
  const honest = Array.from({ length: 10 }, async () => {
    const app = await TestApp.connect(server.url)
    return app.login()
  })
  expect(await Promise.all(honest)).toMatchObject(honest.map(() => ({ type: 'token' })))
  await Promise.all(attack)
  await expectNoLoginLeft(server, hub)
  expect(sockets).toMatchObject({ open: 1, most: 1 })
})
