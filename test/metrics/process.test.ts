import { describe, expect, it } from 'vitest'
import { randomIdentity } from '../support/identity.js'
import { freePort, takenPort } from '../support/ports.js'
import { scrape } from '../support/scrape.js'
import { ProgramProcess, READY, runProgram, SERVER } from '../support/server-process.js'
import { TestApp } from '../support/test-app.js'

/** Starts a server, and waits until it says where it is. */
async function startServer(environment: Record<string, string>) {
  const server = await ProgramProcess.start('index.js', { ...SERVER, ...environment })
  const [, endpoint = ''] = await server.printed(READY)
  return { server, endpoint }
}

describe('METRICS_PORT', () => {
  it('has the server tell of itself, on that port alone', async () => {
    const { server, endpoint } = await startServer({ METRICS_PORT: '0' })
    const [, url = ''] = await server.printed(/metrics are at (http:\S+?metrics)/)
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/)
    const app = await TestApp.connect(endpoint)
    expect(await app.login()).toMatchObject({ type: 'token' })
    await app.requestChallenge(randomIdentity().pubkey)
    app.sendSignature(new Uint8Array(64))
    const { code, id } = await app.next()
    const [line] = await server.printed(/\{.*"outcome":"bad_signature".*\}/)
    expect({ code, id }).toEqual({ code: 'bad_signature', id: JSON.parse(line).id })

    const found = await scrape(url)
    const outcomes = found.counts('userauth_logins_total', 'outcome')
    expect(outcomes).toEqual({ ok: 1, bad_signature: 1 })
    expect(found.value('userauth_ready')).toBe(1)
    expect(found.value('userauth_sockets_open')).toBe(1)
    expect(found.value('nodejs_eventloop_lag_p99_seconds')).toBeGreaterThan(0)
    expect(found.value('process_resident_memory_bytes')).toBeGreaterThan(0)
    const publicUrl = new URL('/metrics', endpoint.replace(/^ws/, 'http'))
    expect((await fetch(publicUrl)).status).toBe(404)
  })

  it('serves on while the last login ends, and is let go of then', async () => {
    const { server, endpoint } = await startServer({ METRICS_PORT: '0' })
    const [, url = ''] = await server.printed(/metrics are at (http:\S+?metrics)/)
    const app = await TestApp.connect(endpoint)
    const idle = await TestApp.connect(endpoint)
    const identity = randomIdentity()
    const challenge = await app.requestChallenge(identity.pubkey)
    server.kill('SIGTERM')
    await idle.closed()
    const during = await scrape(url)
    expect(during.value('userauth_ready')).toBe(0)
    expect(during.value('userauth_logins_running')).toBe(1)
    app.sendSignature(identity.sign(challenge))
    expect(await app.next()).toMatchObject({ type: 'token' })
    expect(await server.ended()).toMatchObject({ status: 0, stderr: '' })
  })

  it('not set leaves the server without metrics', async () => {
    const { server } = await startServer({})
    expect(server.output).not.toContain('metrics')
  })

  it('is named where its port is taken', async () => {
    const METRICS_PORT = String(await takenPort())
    const ending = await runProgram('index.js', { ...SERVER, METRICS_PORT })
    const stderr = `METRICS_PORT: port ${METRICS_PORT} is taken\n`
    expect(ending).toMatchObject({ status: 1, stderr })
  })

  it('is not what is named where PORT is taken', async () => {
    const PORT = String(await takenPort())
    const METRICS_PORT = String(await freePort())
    const ending = await runProgram('index.js', { ...SERVER, PORT, METRICS_PORT })
    expect(ending).toMatchObject({ status: 1, stderr: `PORT: port ${PORT} is taken\n` })
  })
})

it("METRICS_HOST is named where it is not this machine's", async () => {
  const environment = { ...SERVER, METRICS_PORT: '0', METRICS_HOST: '192.0.2.1' }
  const ending = await runProgram('index.js', environment)
  const stderr = 'METRICS_HOST: 192.0.2.1 is not an address of this machine\n'
  expect(ending).toMatchObject({ status: 1, stderr })
})
