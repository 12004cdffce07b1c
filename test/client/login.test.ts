import { describe, expect, it } from 'vitest'
import { LoginError } from '../../src/client/login-error.js'
import { loginWithChallenge } from '../../src/client/node.js'
import { Ed25519Identity } from '../support/ed25519-identity.js'
import { holdTime, tryLogin } from '../support/log-in.js'
import {
  answers,
  answersSignature,
  startScriptedServer,
  tokenMessage,
  wholeLogin,
} from '../support/scripted-server.js'

describe('a login', () => {
  it('resolves to the UserAuth and closes its socket', async () => {
    const server = await startScriptedServer(wholeLogin())
    const identity = new Ed25519Identity()
    const { userAuth } = await tryLogin({ url: server.url }, identity)
    expect(userAuth).toEqual({
      key: 'bkeykeykey',
      sig: 'bsigsigsig',
      msg: expect.any(String),
      token: 'jwt.jwt.jwt',
    })
    expect(identity.asked).toHaveLength(1)
    await server.idle()
    expect(server.open).toBe(0)
  })

  it('speaks the protocol to the letter', async () => {
    const server = await startScriptedServer(wholeLogin())
    const identity = new Ed25519Identity()
    await loginWithChallenge(identity, { url: server.url })()
    expect(server.received.map((text) => JSON.parse(text))).toEqual([
      { type: 'token', pubkey: identity.public.toString() },
      {
        type: 'challenge',
        sig: { type: 'Buffer', data: expect.objectContaining({ length: 64 }) },
      },
    ])
  })

  it('tells of each step, in order, with its attempt and time', async () => {
    const server = await startScriptedServer(wholeLogin())
    const { steps } = await tryLogin({ url: server.url })
    expect(steps.map(({ step }) => step)).toEqual([
      'connecting',
      'connected',
      'requested',
      'challenged',
      'signed',
      'token',
    ])
    expect(steps.map(({ attempt }) => attempt)).toEqual([1, 1, 1, 1, 1, 1])
    const times = steps.map(({ at }) => at)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(times[0]).toBeGreaterThanOrEqual(0)
  })

  it('tells no secret', async () => {
    holdTime()
    const server = await startScriptedServer(
      answers({ type: 'error', code: 'hub_timeout' }),
      wholeLogin(),
    )
    const { steps } = await tryLogin({ url: server.url })
    const names = new Set(steps.flatMap((step) => Object.keys(step)))
    expect(names).toEqual(new Set(['step', 'attempt', 'at', 'code', 'wait']))
  })

  it('ends with what onStep throws, and closes its socket', async () => {
    const server = await startScriptedServer(wholeLogin())
    const fault = new Error('a faulty display')
    const { error } = await tryLogin({
      url: server.url,
      onStep({ step }) {
        if (step === 'challenged') throw fault
      },
    })
    expect(error).toBe(fault)
    expect(server.visits).toBe(1)
  })

  it('takes an identity that signs without a promise', async () => {
    const server = await startScriptedServer(answersSignature(tokenMessage))
    const identity = { public: 'bkey', sign: () => new Uint8Array(64) }
    await loginWithChallenge(identity, { url: server.url })()
    expect(server.received).toHaveLength(2)
  })

  it('works with a server that tells no time', async () => {
    const { now: _, ...message } = tokenMessage()
    const server = await startScriptedServer(answersSignature(() => message))
    const { userAuth } = await tryLogin({ url: server.url })
    expect(userAuth).toEqual(message.value)
  })

  it('hands out the four fields only, and nobody can change them', async () => {
    const server = await startScriptedServer(answersSignature(() => tokenMessage({}, { more: 1 })))
    const { userAuth } = await tryLogin({ url: server.url })
    expect(Object.keys(userAuth ?? {})).toEqual(['key', 'sig', 'msg', 'token'])
    expect(Object.isFrozen(userAuth)).toBe(true)
  })
})

describe('sharing', () => {
  it('makes one login of five calls at once', async () => {
    const server = await startScriptedServer(wholeLogin())
    const logIn = loginWithChallenge(new Ed25519Identity(), { url: server.url })
    const results = await Promise.all([logIn(), logIn(), logIn(), logIn(), logIn()])
    expect(new Set(results).size).toBe(1)
    expect(server.visits).toBe(1)
  })

  it('hands the result to later calls', async () => {
    const server = await startScriptedServer(wholeLogin())
    const logIn = loginWithChallenge(new Ed25519Identity(), { url: server.url })
    expect(await logIn()).toBe(await logIn())
    expect(server.visits).toBe(1)
  })

  it('gives all callers the failure, and keeps none', async () => {
    const server = await startScriptedServer(
      answers({ type: 'error', code: 'denied', value: 'Not you.' }),
      wholeLogin(),
    )
    const logIn = loginWithChallenge(new Ed25519Identity(), { url: server.url })
    const [first, second] = await Promise.allSettled([logIn(), logIn()])
    expect(first).toMatchObject({ status: 'rejected', reason: { code: 'denied' } })
    expect(second).toEqual(first)
    expect(server.visits).toBe(1)
    await logIn()
    expect(server.visits).toBe(2)
  })

  it('shares nothing between two identities', async () => {
    const server = await startScriptedServer(wholeLogin())
    const options = { url: server.url }
    await Promise.all([
      loginWithChallenge(new Ed25519Identity(), options)(),
      loginWithChallenge(new Ed25519Identity(), options)(),
    ])
    expect(server.visits).toBe(2)
  })

  it('ends when the signal is aborted: nothing is handed out any more', async () => {
    const server = await startScriptedServer(wholeLogin())
    const controller = new AbortController()
    const { signal } = controller
    const logIn = loginWithChallenge(new Ed25519Identity(), { url: server.url, signal })
    await logIn()
    controller.abort()
    await expect(logIn()).rejects.toThrow(LoginError)
    await expect(logIn()).rejects.toMatchObject({ code: 'aborted', cause: signal.reason })
    expect(server.visits).toBe(1)
  })
})
