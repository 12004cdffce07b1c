import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DevHub, startDevHub } from '../../src/dev-hub/hub.js'
import { DIFFERENCES, FOREIGN_TEXTS } from './replay/differences.js'
import { readRecording } from './replay/recording.js'
import { Replay } from './replay/replay.js'

const steps = readRecording()

it('there are 261 calls', () => {
  const calls = steps.flatMap(({ call, during }) => [...during, call])
  expect(calls).toHaveLength(261)
})

it('each deliberate difference is one that was recorded', () => {
  const names = steps.map(({ call }) => `${call.group}: ${call.name}`)
  for (const name of Object.keys(DIFFERENCES)) expect(names).toContain(name)
  const texts = steps.flatMap(({ call }) => [call.message ?? '', JSON.stringify(call.replies)])
  for (const pattern of FOREIGN_TEXTS) expect(texts.some((text) => pattern.test(text))).toBe(true)
})

describe.each(['gRPC-web', 'native gRPC'] as const)('by %s, as at the recorded Hub', (endpoint) => {
  let hub: DevHub
  let replay: Replay

  beforeAll(async () => {
    replay = new Replay(endpoint)
    hub = await startDevHub({ apiKeys: replay.apiKeys })
    await replay.logIn(hub)
  })

  afterAll(() => hub.close())

  it.each(
    steps.map((step, index) => [index, `${step.call.group}: ${step.call.name}`, step] as const),
  )('%i %s', async (_index, name, { call, during }) => {
    const { replies, status, isOpen } = await replay.make(call, during)
    if (DIFFERENCES[name]) {
      expect(status?.code).toBe(2)
      expect(status?.message).not.toBe('')
      return
    }
    const { message = '', code } = call
    const isForeign = FOREIGN_TEXTS.some((pattern) => pattern.test(message))
    expect(replies).toEqual(replay.expected(call))
    expect(isOpen).toBe(call.staysOpen ?? false)
    if (call.staysOpen) return
    expect(status).toEqual({ code, message: isForeign ? expect.stringMatching(/./) : message })
  })
})
