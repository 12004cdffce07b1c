import { describe, expect, it } from 'vitest'
import { LoginError } from '../../src/client/login-error.js'
import { waitAfter } from '../../src/client/retry.js'
import { ErrorCode, LOGIN_PATH } from '../../src/protocol.js'
import { makeCertificate } from '../support/certificate.js'
import { holdTime, tryLogin } from '../support/log-in.js'
import { freePort } from '../support/ports.js'
import {
  answers,
  answersSignature,
  challengeMessage,
  errorMessage,
  type Script,
  startScriptedServer,
  wholeLogin,
} from '../support/scripted-server.js'
import { startTlsProxy } from '../support/tls-proxy.js'

const RETRIED = [
  'hub_timeout',
  'hub_unavailable',
  'shutting_down',
  'rate_limited',
  'overloaded',
] as const

const NOT_RETRIED = [
  ...Object.values(ErrorCode).filter((code) => !RETRIED.some((retried) => retried === code)),
  'timeout',
  'aborted',
  'clock_skew',
  'a_code_of_tomorrow',
  'constructor',
]

describe('another attempt', () => {
  it.each(RETRIED)('follows %s', async (code) => {
    holdTime()
    const server = await startScriptedServer(answers(errorMessage(code)), wholeLogin())
    const { userAuth, steps } = await tryLogin({ url: server.url })
    expect(userAuth).toBeDefined()
    expect(server.visits).toBe(2)
    expect(steps.map(({ step, attempt }) => `${attempt} ${step}`)).toEqual([
      '1 connecting',
      '1 connected',
      '1 requested',
      '1 retrying',
      '2 connecting',
      '2 connected',
      '2 requested',
      '2 challenged',
      '2 signed',
      '2 token',
    ])
    expect(steps[3]).toMatchObject({ code, wait: expect.any(Number) })
  })

  it.each(NOT_RETRIED)('does not follow %s', async (code) => {
    const server = await startScriptedServer(answers(errorMessage(code, { retryAfter: 0 })))
    const { error } = await tryLogin({ url: server.url })
    expect(error).toMatchObject({ code })
    expect(server.visits).toBe(1)
  })

  const closes: Script = ({ socket }) => socket.close()
  const closesAfterRequest: Script = async (visit) => {
    await visit.next()
    closes(visit)
  }
  const dies: Script = ({ socket }) => socket.terminate()
  it.each<[string, Script]>([
    ['closed at once', closes],
    ['cut off at once', dies],
    ['closed after the request', closesAfterRequest],
    [
      'closed after the challenge',
      async (visit) => {
        await visit.next()
        visit.send(challengeMessage())
        closes(visit)
      },
    ],
    [
      'cut off after the signature',
      async (visit) => {
        await visit.next()
        visit.send(challengeMessage())
        await visit.next()
        dies(visit)
      },
    ],
  ])('follows a connection %s', async (_, script) => {
    holdTime()
    const server = await startScriptedServer(script, wholeLogin())
    const { userAuth, steps } = await tryLogin({ url: server.url })
    expect(userAuth).toBeDefined()
    expect(steps).toContainEqual(
      expect.objectContaining({ step: 'retrying', code: 'connection_lost' }),
    )
    expect(server.visits).toBe(2)
  })

  it('follows a server that does not answer, whose reason is kept', async () => {
    holdTime()
    const port = await freePort()
    const { error, steps } = await tryLogin({ url: `ws://127.0.0.1:${port}`, retries: 2 })
    expect(error).toBeInstanceOf(LoginError)
    expect(error).toMatchObject({ code: 'connection_failed', cause: { code: 'ECONNREFUSED' } })
    expect(steps.filter(({ step }) => step === 'connecting')).toHaveLength(3)
    expect(steps.at(-1)).toMatchObject({ step: 'failed', attempt: 3 })
  })

  it('follows a certificate that is not trusted, which is told from a server that is away', async () => {
    holdTime()
    const server = await startScriptedServer(wholeLogin())
    const secure = await startTlsProxy(server.url, makeCertificate(), [])
    const { error } = await tryLogin({ url: `${secure}${LOGIN_PATH}`, retries: 0 })
    expect(error).toMatchObject({
      code: 'connection_failed',
      message: expect.stringMatching(/certificate was not accepted .*NODE_EXTRA_CA_CERTS/),
      cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
    })
    const away = await tryLogin({ url: `ws://127.0.0.1:${await freePort()}`, retries: 0 })
    expect(away.error?.message).not.toContain('certificate')
  })

  it('follows a socket that could not even be made', async () => {
    holdTime()
    const fault = new Error('not on this page')
    class NoWebSocket {
      constructor() {
        throw fault
      }
      addEventListener() {}
      send() {}
      close() {}
    }
    const { error } = await tryLogin({ url: 'ws://127.0.0.1', WebSocket: NoWebSocket })
    expect(error).toMatchObject({ code: 'connection_failed', cause: fault })
  })

  it.each([0, 1, 3])('comes %i times where retries says so', async (retries) => {
    holdTime()
    const server = await startScriptedServer(answers(errorMessage('hub_timeout')))
    const { error } = await tryLogin({ url: server.url, retries })
    expect(error).toMatchObject({ code: 'hub_timeout' })
    expect(server.visits).toBe(1 + retries)
  })

  it('comes four times by default', async () => {
    holdTime()
    const server = await startScriptedServer(answers(errorMessage('hub_timeout')))
    await tryLogin({ url: server.url })
    expect(server.visits).toBe(5)
  })

  it('gets a signature of its own challenge', async () => {
    holdTime()
    const server = await startScriptedServer(
      answersSignature(() => errorMessage('hub_unavailable')),
      wholeLogin(),
    )
    const { userAuth } = await tryLogin({ url: server.url })
    expect(userAuth).toBeDefined()
    expect(server.received).toHaveLength(4)
  })
})

describe('the wait', () => {
  it.each([
    [1, 250, 500],
    [2, 500, 1000],
    [3, 1000, 2000],
    [5, 4000, 8000],
    [6, 4000, 8000],
    [2000, 4000, 8000],
  ])('after attempt %i is %i to %i ms', (attempt, least, most) => {
    const error = new LoginError('hub_timeout', '')
    for (let round = 0; round < 100; round++) {
      const wait = waitAfter(error, attempt)
      expect(wait).toBeGreaterThanOrEqual(least)
      expect(wait).toBeLessThanOrEqual(most)
    }
  })

  it('is not the same twice', () => {
    const error = new LoginError('hub_timeout', '')
    const waits = Array.from({ length: 10 }, () => waitAfter(error, 1))
    expect(new Set(waits).size).toBeGreaterThan(1)
  })

  it('is at least what the server asks for', async () => {
    holdTime()
    const limited = errorMessage('rate_limited', { retryAfter: 7.5 })
    const server = await startScriptedServer(answers(limited), wholeLogin())
    const { steps } = await tryLogin({ url: server.url })
    const retrying = steps.find(({ step }) => step === 'retrying')
    expect(retrying?.step === 'retrying' && retrying.wait).toBeGreaterThanOrEqual(7_750)
    expect(retrying?.step === 'retrying' && retrying.wait).toBeLessThanOrEqual(8_000)
    const [first, second] = steps.filter(({ step }) => step === 'connecting')
    expect(Number(second?.at) - Number(first?.at)).toBeGreaterThanOrEqual(7_750)
  })

  it.each([{ retryAfter: 60 }, { retryAfter: 9.9, timeout: 10 }, { retryAfter: 1e12 }])(
    'is not begun where it would outlast the timeout: %o',
    async ({ retryAfter, timeout }) => {
      holdTime()
      const server = await startScriptedServer(answers(errorMessage('overloaded', { retryAfter })))
      const { error, steps } = await tryLogin({ url: server.url, timeout })
      expect(error).toMatchObject({ code: 'overloaded', retryAfter })
      expect(steps.map(({ step }) => step)).not.toContain('retrying')
      expect(server.visits).toBe(1)
    },
  )

  it('counts the time that has gone', async () => {
    holdTime()
    const server = await startScriptedServer(
      answers(errorMessage('overloaded', { retryAfter: 25 })),
    )
    const { error, steps } = await tryLogin({ url: server.url })
    // 25 s and a bit, twice; a third time does not fit into 60 s.
    expect(error).toMatchObject({ code: 'overloaded' })
    expect(steps.at(-1)?.at).toBeLessThan(60_000)
    expect(server.visits).toBe(3)
  })

  it.each([-1, '5', null])('knows no retryAfter of %o', async (retryAfter) => {
    holdTime()
    const server = await startScriptedServer(answers(errorMessage('overloaded', { retryAfter })))
    const { error } = await tryLogin({ url: server.url, retries: 0 })
    expect(error?.retryAfter).toBeUndefined()
  })
})
