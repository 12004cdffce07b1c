import { getEventListeners, once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { LoginError } from '../../src/client/login-error.js'
import { loginWithChallenge } from '../../src/client/node.js'
import type { Identity, LoginStep } from '../../src/client/types.js'
import { Ed25519Identity } from '../support/ed25519-identity.js'
import { holdTime, tryLogin } from '../support/log-in.js'
import { listen } from '../support/ports.js'
import {
  answers,
  challengeMessage,
  errorMessage,
  type Script,
  startScriptedServer,
  wholeLogin,
} from '../support/scripted-server.js'

const asks = answers(challengeMessage())
const silent: Script = () => {}
const slow: Identity = { public: 'bkey', sign: () => new Promise<never>(() => {}) }
const quick = new Ed25519Identity()

/** After which step the login hangs, and on whom. */
const HANGS: [LoginStep['step'], Script, Identity][] = [
  ['connected', silent, quick],
  ['requested', silent, quick],
  ['challenged', asks, slow],
  ['signed', asks, quick],
  ['retrying', answers(errorMessage('hub_timeout')), quick],
]

/** A server that takes connections and never says a word. */
async function startMuteServer() {
  const sockets: Socket[] = []
  const server = createServer((socket) => sockets.push(socket.resume()))
  const port = await listen(server)
  onTestFinished(() => void server.close())
  return { url: `ws://127.0.0.1:${port}`, server, sockets }
}

describe('an abort', () => {
  it.each(HANGS)('ends a login that hangs after %s', async (step, script, identity) => {
    holdTime()
    const server = await startScriptedServer(script)
    const controller = new AbortController()
    const { signal } = controller
    const onStep = (event: LoginStep) => {
      if (event.step === step) controller.abort('changed my mind')
    }
    const { error, steps } = await tryLogin({ url: server.url, signal, onStep }, identity)
    expect(error).toBeInstanceOf(LoginError)
    expect(error).toMatchObject({ code: 'aborted', cause: 'changed my mind' })
    expect(steps.at(-1)).toMatchObject({ step: 'failed', code: 'aborted' })
    expect(getEventListeners(signal, 'abort')).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
    await server.idle()
    expect(server.visits).toBe(1)
    expect(server.open).toBe(0)
  })

  it('ends a login that hangs while it connects', async () => {
    const { url, server, sockets } = await startMuteServer()
    const controller = new AbortController()
    server.once('connection', () => controller.abort())
    const { error } = await tryLogin({ url, signal: controller.signal })
    expect(error).toMatchObject({ code: 'aborted' })
    await Promise.all(sockets.map((socket) => socket.closed || once(socket, 'close')))
    expect(sockets).toHaveLength(1)
  })

  it('that came before leaves the server alone', async () => {
    const server = await startScriptedServer(wholeLogin())
    const { error, steps } = await tryLogin({ url: server.url, signal: AbortSignal.abort() })
    expect(error).toMatchObject({ code: 'aborted' })
    expect(steps).toEqual([])
    expect(server.visits).toBe(0)
  })

  it('from a display that then fails is not left unhandled', async () => {
    const fault = new Error('a faulty display')
    const controller = new AbortController()
    const { error } = await tryLogin({
      url: 'ws://127.0.0.1:1',
      signal: controller.signal,
      onStep() {
        controller.abort()
        throw fault
      },
    })
    expect(error).toBe(fault)
  })

  it('ends it for all who wait', async () => {
    const server = await startScriptedServer(silent)
    const controller = new AbortController()
    const { signal } = controller
    const logIn = loginWithChallenge(quick, { url: server.url, signal })
    const outcomes = Promise.allSettled([logIn(), logIn()])
    controller.abort()
    expect(await outcomes).toMatchObject([
      { reason: { code: 'aborted' } },
      { reason: { code: 'aborted' } },
    ])
  })
})

describe('the timeout', () => {
  it.each(HANGS)('ends a login that hangs after %s', async (step, script, identity) => {
    holdTime()
    const server = await startScriptedServer(script)
    const onStep = (event: LoginStep) => {
      if (event.step === step) setImmediate(() => vi.advanceTimersByTime(60_000))
    }
    const { error, steps } = await tryLogin({ url: server.url, onStep }, identity)
    expect(error).toBeInstanceOf(LoginError)
    expect(error).toMatchObject({ code: 'timeout' })
    expect(steps.at(-1)).toMatchObject({ step: 'failed', code: 'timeout' })
    expect(vi.getTimerCount()).toBe(0)
    await server.idle()
    expect(server.open).toBe(0)
  })

  it('ends a login that hangs while it connects', async () => {
    holdTime()
    const { url, server, sockets } = await startMuteServer()
    server.once('connection', () => vi.advanceTimersByTime(5_000))
    const { error } = await tryLogin({ url, timeout: 5 })
    expect(error).toMatchObject({ code: 'timeout' })
    await Promise.all(sockets.map((socket) => socket.closed || once(socket, 'close')))
    expect(sockets).toHaveLength(1)
  })

  it('is not a moment shorter than it says', async () => {
    holdTime()
    const server = await startScriptedServer(async (visit) => {
      await visit.next()
      vi.advanceTimersByTime(1_999)
      visit.send(errorMessage('denied'))
    })
    const { error } = await tryLogin({ url: server.url, timeout: 2 })
    expect(error).toMatchObject({ code: 'denied' })
  })
})

describe('afterwards', () => {
  it('a server that does not answer the close holds the socket for a second', async () => {
    holdTime()
    const server = await startScriptedServer((visit) => {
      wholeLogin()(visit)
      visit.socket.on('message', () => server.received.length === 2 && visit.socket.pause())
    })
    await loginWithChallenge(quick, { url: server.url })()
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(1_000)
    expect(vi.getTimerCount()).toBe(0)
  })

  it.each<[string, Script]>([
    ['a login that went well', wholeLogin()],
    ['a login that was refused', answers(errorMessage('denied'))],
  ])('no timer, listener or socket is left of %s', async (_, script) => {
    holdTime()
    const server = await startScriptedServer(script)
    const { signal } = new AbortController()
    await tryLogin({ url: server.url, signal })
    await server.idle()
    expect(server.open).toBe(0)
    expect(getEventListeners(signal, 'abort')).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
  })
})
