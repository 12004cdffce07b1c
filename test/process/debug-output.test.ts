import { createServer } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startDevHub } from '../../src/dev-hub/hub.js'
import { createApiKey } from '../../src/dev-hub/login/api-keys.js'
import { makeCertificate } from '../support/certificate.js'
import { randomIdentity } from '../support/identity.js'
import { freePort, listen } from '../support/ports.js'
import { startPostgres } from '../support/postgres.js'
import { PROGRAMS } from '../support/programs.js'
import { startRedis } from '../support/redis.js'
import { ProgramProcess } from '../support/server-process.js'
import { TestApp } from '../support/test-app.js'

const WEBHOOK_SECRET = 'webhook-secret'

/** Starts a webhook that lets everybody in, and returns its address, with a secret in it. */
async function startWebhook(): Promise<string> {
  const server = createServer((_request, response) => response.end('{"allow":true}'))
  const port = await listen(server)
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${port}/authorize?secret=${WEBHOOK_SECRET}`
}

describe.runIf(PROGRAMS.redis && PROGRAMS.initdb)('DEBUG=*', () => {
  it('shows no secret and no whole public key, with every optional part on', async () => {
    const [postgres, redis] = await Promise.all([startPostgres(), startRedis()])
    onTestFinished(async () => {
      await Promise.all([postgres.close(), redis.close()])
    })
    const apiKey = createApiKey()
    const hub = await startDevHub({ port: 0, apiKeys: [apiKey] })
    onTestFinished(() => hub.close())
    const certificate = makeCertificate()
    const server = await ProgramProcess.start('index.js', {
      ...{ DEBUG: '*', LOG_LEVEL: 'trace', PORT: '0', HOST: '127.0.0.1' },
      ...{ HUB_URL: hub.grpcUrl, HUB_PUBLIC_URL: hub.url, DEMO: 'true' },
      ...{ USER_API_KEY: apiKey.key, USER_API_SECRET: apiKey.secret, SIMPLE_AUTH: 'true' },
      ...{ TLS_CERT: certificate.file, TLS_KEY: certificate.keyFile },
      ...{ DATABASE_URL: postgres.url, REDIS_URL: redis.url },
      ...{ METRICS_PORT: String(await freePort()), AUTHORIZE_URL: await startWebhook() },
    })
    const [, endpoint = ''] = await server.printed(/users log in at (wss:\S+?userauth)/)
    const identity = randomIdentity()
    const app = await TestApp.connect(endpoint, {
      ca: certificate.cert,
      headers: { authorization: 'Bearer header-secret' },
    })
    const secrets = [identity.pubkey, apiKey.secret, 'header-secret', WEBHOOK_SECRET]
    secrets.push(redis.password, postgres.password, encodeURIComponent(postgres.password))
    app.socket.on('message', (data) => {
      const { type, value } = JSON.parse(String(data))
      if (type === 'challenge') secrets.push(value.data.join(','))
      if (type === 'token') secrets.push(value.sig, value.token, value.token.split('.')[2])
    })
    expect(await app.login(identity)).toMatchObject({ type: 'token' })
    app.send('header-secret')
    await app.closed()
    await server.printed(/"outcome":"ok"/)
    server.kill('SIGTERM')
    const { status, stdout, stderr } = await server.ended()
    expect(status).toBe(0)
    expect(secrets).toHaveLength(11)
    for (const secret of secrets) expect(stdout + stderr).not.toContain(secret)
    // DEBUG is heard: what holds no secret is shown.
    expect(stderr).toMatch(/koa/)
  })
})
