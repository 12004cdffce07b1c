import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CallSigner } from '../../src/hub/sdk-hub.js'
import { signApiMessage } from '../../src/keys/api-signature.js'

const SECRET = new Uint8Array(16).fill(7)
const NOON = Date.parse('2026-01-01T12:00:00Z')

describe("the signature of the server's own calls", () => {
  const signer = new CallSigner({ key: 'bkey', secret: SECRET })

  beforeEach(() => {
    vi.useFakeTimers({ now: NOON })
  })

  afterEach(() => {
    vi.useRealTimers()
  })

  it('is good for five minutes, and serves for one', () => {
    const first = signer.sign()
    expect(first).toEqual({
      key: 'bkey',
      msg: '2026-01-01T12:05:00.000Z',
      sig: signApiMessage(SECRET, '2026-01-01T12:05:00.000Z'),
    })
    vi.setSystemTime(NOON + 59_999)
    expect(signer.sign()).toEqual(first)
    vi.setSystemTime(NOON + 60_000)
    expect(signer.sign().msg).toBe('2026-01-01T12:06:00.000Z')
  })

  it.each([-3_600_000, 3_600_000])('is renewed where the clock is set %i ms on', (ms) => {
    signer.sign()
    vi.setSystemTime(Date.now() + ms)
    expect(Date.parse(signer.sign().msg)).toBe(Date.now() + 300_000)
  })
})
