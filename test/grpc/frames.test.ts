import { describe, expect, it, vi } from 'vitest'
import {
  decodeFields,
  encodeFields,
  encodeFrame,
  FIELDS_FLAG,
  FrameError,
  FrameReader,
  MESSAGE_FLAG,
} from '../../src/grpc/frames.js'
import { readStatus, writeStatus } from '../../src/grpc/status.js'

/** Counts the bytes that are copied from one buffer to another from now on, until it is called. */
function countCopiedBytes(): () => number {
  let bytes = 0
  const { set } = Uint8Array.prototype
  const spies = [
    vi.spyOn(Uint8Array.prototype, 'set').mockImplementation(function (this: Uint8Array, from, at) {
      bytes += from.length
      set.call(this, from, at)
    }),
    vi.spyOn(Buffer, 'concat').mockImplementation((parts) => {
      const whole = Buffer.alloc(parts.reduce((sum, { length }) => sum + length, 0))
      let at = 0
      for (const part of parts) {
        whole.set(part, at)
        at += part.length
      }
      return whole
    }),
  ]
  return () => {
    for (const spy of spies) spy.mockRestore()
    return bytes
  }
}

describe('frames', () => {
  const stream = Buffer.concat([
    encodeFrame(FIELDS_FLAG, Buffer.from('a: b\r\n')),
    encodeFrame(MESSAGE_FLAG, new Uint8Array()),
    encodeFrame(MESSAGE_FLAG, Buffer.from('hello')),
  ])

  it.each([1, 2, 3, 7, stream.length])('are read from chunks of %i bytes', (size) => {
    const reader = new FrameReader(100)
    const frames = []
    for (let at = 0; at < stream.length; at += size) {
      frames.push(...reader.push(stream.subarray(at, at + size)))
    }
    expect(frames.map(({ flag, data }) => [flag, Buffer.from(data).toString()])).toEqual([
      [FIELDS_FLAG, 'a: b\r\n'],
      [MESSAGE_FLAG, ''],
      [MESSAGE_FLAG, 'hello'],
    ])
  })

  it('are read in linear work, however small the chunks', () => {
    const frame = encodeFrame(MESSAGE_FLAG, new Uint8Array(1_000_000).fill(7))
    const copied = countCopiedBytes()
    const reader = new FrameReader(frame.length)
    const frames = []
    for (let at = 0; at < frame.length; at += 64) {
      frames.push(...reader.push(frame.subarray(at, at + 64)))
    }
    expect(frames.map(({ data }) => data.length)).toEqual([1_000_000])
    expect(Buffer.compare(frames[0]?.bytes ?? Buffer.of(), frame)).toBe(0)
    // Each byte once, and once for each doubling of the buffer behind it.
    expect(copied()).toBeLessThan(3 * frame.length)
  })

  it('are not copied where they lie within a chunk', () => {
    const copied = countCopiedBytes()
    expect(new FrameReader(100).push(stream)).toHaveLength(3)
    expect(copied()).toBe(0)
  })

  it('take no more memory ahead than has come', () => {
    const reader = new FrameReader(4_000_000)
    const sizes: number[] = []
    const set = vi.spyOn(Uint8Array.prototype, 'set').mockImplementation(function (
      this: Uint8Array,
    ) {
      sizes.push(this.length)
    })
    reader.push(Uint8Array.of(0, 0, 0x3d, 0, 0, 1, 2, 3))
    set.mockRestore()
    expect(Math.max(...sizes)).toBeLessThan(100)
  })

  it('are refused with an unknown flag, or when too large, before their data comes', () => {
    expect(() => new FrameReader(10).push(Uint8Array.of(1, 0, 0, 0, 0))).toThrow(FrameError)
    expect(() => new FrameReader(10).push(Uint8Array.of(0, 0, 0, 0, 11))).toThrow(FrameError)
    expect(new FrameReader(10).push(Uint8Array.of(0, 0, 0, 0, 10))).toEqual([])
  })
})

describe('headers and trailers', () => {
  it('are read as they were written', () => {
    const fields = [['grpc-status', '5'] as const, ['x', 'a: b'] as const]
    expect([...decodeFields(encodeFields(fields))]).toEqual(fields)
  })

  it('are read whatever their case and spacing', () => {
    const fields = decodeFields(Buffer.from('Grpc-Status:0\r\n no colon\r\n: x\r\nA:  b \r\n'))
    expect([...fields]).toEqual([
      ['grpc-status', '0'],
      ['a', 'b'],
    ])
  })
})

describe('a status', () => {
  it.each(['', 'API key not found', '100% änderung\n'])('carries the message %j', (message) => {
    const fields = decodeFields(encodeFields(writeStatus({ code: 5, message })))
    expect(readStatus(fields)).toEqual({ code: 5, message })
  })

  it('leaves printable ASCII as it is', () => {
    expect(writeStatus({ code: 2, message: 'bad signature' })[1]).toEqual([
      'grpc-message',
      'bad signature',
    ])
  })

  it.each([undefined, '', 'ok', '-1', '1.5', '99999'])('is none where the code is %j', (code) => {
    expect(readStatus(new Map(code === undefined ? [] : [['grpc-status', code]]))).toBeUndefined()
  })

  it('keeps a message that is not percent-encoded', () => {
    const fields = new Map([
      ['grpc-status', '2'],
      ['grpc-message', '100%'],
    ])
    expect(readStatus(fields)?.message).toBe('100%')
  })
})
