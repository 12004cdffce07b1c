import { pino } from 'pino'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { Status } from '../../src/grpc/status.js'
import { KEY_UNKNOWN, type KeyKind, UNREACHABLE } from '../../src/hub/key-check.js'
import { ServerKey } from '../../src/hub/server-key.js'

const OLD = { key: 'bold', secret: new Uint8Array(24).fill(1) }
const NEW = { key: 'bnew', secret: new Uint8Array(24).fill(2) }

const GOOD: KeyKind = { action: 'run', text: '' }
const WRONG_SECRET: KeyKind = { action: 'refuse', text: 'wrong secret' }

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  onTestFinished(() => {
    vi.useRealTimers()
  })
})

/** A key whose Hub answers as the test says, the last answer again and again. */
function watchedKey(...answers: KeyKind[]) {
  const lines: { level: number; msg: string }[] = []
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) })
  let checks = 0
  const check = async () => {
    checks += 1
    return (answers.length > 1 ? answers.shift() : answers[0]) ?? UNREACHABLE
  }
  const key = new ServerKey(OLD, { check, log })
  onTestFinished(() => key.close())
  return {
    key,
    lines,
    answers,
    checks: () => checks,
    levels: () => lines.map(({ level }) => level),
  }
}

const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000)

describe('the key of a server', () => {
  it('is what it was until another has passed its check', async () => {
    const { key, answers } = watchedKey(WRONG_SECRET, GOOD)
    expect(await key.replace(NEW)).toBe(WRONG_SECRET)
    expect([key.apiKey, key.state]).toEqual([OLD, 'unchecked'])
    expect(await key.replace(NEW)).toBe(GOOD)
    expect([key.apiKey, key.state]).toEqual([NEW, 'confirmed'])
    expect(answers).toHaveLength(1)
  })

  it('is not judged by what the Hub says of one that was replaced meanwhile', async () => {
    const ends = new Map<string, (kind: KeyKind) => void>()
    const log = pino({ level: 'silent' })
    const key = new ServerKey(OLD, {
      check: ({ key }) => new Promise((resolve) => ends.set(key, resolve)),
      log,
    })
    const old = key.check()
    const fresh = key.replace(NEW)
    ends.get(NEW.key)?.(GOOD)
    await fresh
    ends.get(OLD.key)?.(WRONG_SECRET)
    expect(await old).toBeUndefined()
    expect([key.apiKey, key.state]).toEqual([NEW, 'confirmed'])
    // Nor does a login with the old one tell anything of the new.
    key.reportRefusal(OLD, Status.Unauthenticated)
    await pass(10)
    expect([...ends.keys()]).toEqual([OLD.key, NEW.key])
  })

  it('is confirmed and never asked for where it is not watched', async () => {
    const key = new ServerKey(OLD)
    expect([key.state, await key.findReadiness(), await key.check()]).toEqual([
      'confirmed',
      'ready',
      undefined,
    ])
    expect(key.reportRefusal(OLD, Status.NotFound)).toBe(true)
  })

  it('is asked for every five seconds until the Hub has said something', async () => {
    const { key, answers, checks, levels } = watchedKey(UNREACHABLE)
    await key.check()
    const checked = key.whenChecked()
    await pass(14)
    expect([checks(), key.state, await key.findReadiness()]).toEqual([
      3,
      'unchecked',
      'key_unchecked',
    ])
    answers[0] = GOOD
    await pass(1)
    expect(await checked).toBe(GOOD)
    expect([key.state, levels()]).toEqual(['confirmed', [40, 30]])
    await pass(60)
    expect(checks()).toBe(4)
  })

  it('that the Hub does not know is refused once it has said so twice, five seconds apart', async () => {
    const { key, checks } = watchedKey(KEY_UNKNOWN)
    await key.check()
    await pass(4.9)
    expect([key.state, checks()]).toEqual(['unchecked', 1])
    await pass(0.1)
    expect([key.state, await key.whenChecked()]).toEqual(['refused', KEY_UNKNOWN])
  })
})

describe('a key that a Hub refuses while the server runs', () => {
  it('is checked at once, is refused, and heals by itself', async () => {
    const { key, answers, levels, lines } = watchedKey(GOOD)
    await key.check()
    await pass(60)
    answers[0] = WRONG_SECRET
    expect(key.reportRefusal(OLD, Status.Unauthenticated)).toBe(true)
    await pass(0)
    expect([key.state, await key.findReadiness()]).toEqual(['refused', 'key_refused'])
    expect(levels()).toEqual([50])
    expect(lines[0]?.msg).toContain('wrong secret')
    await pass(20)
    answers[0] = GOOD
    await pass(5)
    expect([key.state, await key.findReadiness(), levels()]).toEqual([
      'confirmed',
      'ready',
      [50, 30],
    ])
  })

  it('is refused for being unknown only when a second check says the same', async () => {
    const { key, answers, checks } = watchedKey(GOOD)
    await key.check()
    await pass(60)
    answers[0] = KEY_UNKNOWN
    expect(key.reportRefusal(OLD, Status.NotFound)).toBe(false)
    await pass(0)
    expect([key.state, checks()]).toEqual(['confirmed', 2])
    await pass(5)
    expect([key.state, checks()]).toEqual(['refused', 3])
    expect(key.reportRefusal(OLD, Status.NotFound)).toBe(true)
  })

  it('is not refused where the Hub knew it again when asked twice', async () => {
    const { key, answers } = watchedKey(GOOD)
    await key.check()
    await pass(60)
    answers.splice(0, 1, KEY_UNKNOWN, GOOD, KEY_UNKNOWN, GOOD)
    for (let refusal = 0; refusal < 2; refusal += 1) {
      key.reportRefusal(OLD, Status.NotFound)
      await pass(10)
      expect(key.state).toBe('confirmed')
    }
    expect(answers).toEqual([GOOD])
  })

  it('is checked once in five seconds at the most, however many logins it refuses', async () => {
    const { key, checks } = watchedKey(GOOD)
    await key.check()
    for (let second = 0; second < 20; second += 1) {
      for (let login = 0; login < 50; login += 1) key.reportRefusal(OLD, Status.Unauthenticated)
      await pass(1)
    }
    expect(checks()).toBeLessThanOrEqual(5)
  })

  it('is found by whoever asks whether the server is ready', async () => {
    const { key, answers } = watchedKey(GOOD)
    await key.check()
    await pass(6)
    answers[0] = WRONG_SECRET
    expect(await key.findReadiness()).toBe('key_refused')
  })

  it('is not checked any more once the server stops', async () => {
    const { key, checks } = watchedKey(WRONG_SECRET)
    await key.check()
    key.close()
    await pass(60)
    expect(checks()).toBe(1)
    expect(vi.getTimerCount()).toBe(0)
  })
})
