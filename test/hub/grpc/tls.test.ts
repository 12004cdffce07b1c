import { expect, it, onTestFinished } from 'vitest'
import { startDevHub } from '../../../src/dev-hub/hub.js'
import { makeCertificate } from '../../support/certificate.js'
import { ProgramProcess, READY, variablesFor } from '../../support/server-process.js'
import { TestApp } from '../../support/test-app.js'
import { startTlsProxy } from '../../support/tls-proxy.js'
import { connectForTest } from '../../support/token-calls.js'

const certificate = makeCertificate()

/** A dev Hub's gRPC endpoint behind TLS, and what a server needs to use it. */
async function tlsHub(protocols?: string[]) {
  const hub = await startDevHub()
  onTestFinished(() => hub.close())
  const url = await startTlsProxy(hub.grpcUrl, certificate, protocols)
  return { url, environment: variablesFor(url, hub.apiKeys[0]) }
}

it('logs in by TLS at a Hub whose certificate this machine trusts', async () => {
  const { environment } = await tlsHub()
  const trusting = { ...environment, NODE_EXTRA_CA_CERTS: certificate.file }
  const server = await ProgramProcess.start('index.js', trusting)
  const [, endpoint = ''] = await server.printed(READY)
  expect(server.output).not.toMatch(/HUB_URL/)
  const app = await TestApp.connect(endpoint)
  expect(await app.login()).toMatchObject({ type: 'token' })
})

it('fails at a Hub whose certificate is not trusted', async () => {
  const { url } = await tlsHub()
  await expect(connectForTest(url).startLogin().failed).rejects.toMatchObject({
    message: 'the connection to the Hub failed',
    cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
  })
})

it('does not take a peer for a Hub that does not agree to HTTP/2', async () => {
  const { environment } = await tlsHub([])
  const trusting = { ...environment, NODE_EXTRA_CA_CERTS: certificate.file }
  const server = await ProgramProcess.start('index.js', trusting)
  const [, endpoint = ''] = await server.printed(READY)
  expect(server.output).toMatch(/HUB_URL: no Hub answers at grpcs:/)
  const app = await TestApp.connect(endpoint)
  await expect(app.login()).rejects.toThrow('hub_unavailable')
})
