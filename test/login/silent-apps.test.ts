import { expect, it } from 'vitest'
import { MAX_IDLE_SOCKETS } from '../../src/hub/grpc-web/socket-pool.js'
import { countResources } from '../support/count-resources.js'
import { randomIdentity } from '../support/identity.js'
import { expectNothingLeft } from '../support/leftovers.js'
import { startWithDevHub } from '../support/login-server.js'
import { TestApp } from '../support/test-app.js'

const LOGINS = 10_000
const AT_ONCE = 250

/** Idle sockets to the Hub; here is the Hub's end of them, too. */
const HUB_SOCKETS = 2 * MAX_IDLE_SOCKETS

it('survives ten thousand apps that ask for a challenge and say nothing', async () => {
  const limits = {
    loginsPerMinutePerIp: Number.POSITIVE_INFINITY,
    maxSocketsPerIp: Number.POSITIVE_INFINITY,
  }
  const { hub, server } = await startWithDevHub({ challengeTimeout: 0.05, limits })
  const before = countResources()
  const { pubkey } = randomIdentity()
  const apps = Array.from({ length: AT_ONCE }, async () => {
    const app = await TestApp.connect(server.url)
    for (let login = 0; login < LOGINS / AT_ONCE; login += 1) {
      await app.requestChallenge(pubkey)
      expect(await app.next()).toMatchObject({ code: 'challenge_timeout' })
    }
    app.leave()
  })
  await Promise.all(apps)
  await expectNothingLeft(server, hub)

  const { Timeout = 0, TCPSocketWrap = 0 } = countResources()
  expect(TCPSocketWrap).toBeLessThanOrEqual((before.TCPSocketWrap ?? 0) + HUB_SOCKETS)
  expect(Timeout).toBeLessThanOrEqual((before.Timeout ?? 0) + HUB_SOCKETS + 1)

  const app = await TestApp.connect(server.url)
  expect(await app.login()).toMatchObject({ type: 'token' })
}, 120_000)
