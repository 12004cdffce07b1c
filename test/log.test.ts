import { expect, it } from 'vitest'
import { describeError, printable } from '../src/log.js'

it.each([
  ['plain text', 'plain text'],
  ['\u001b[2J\r\n', '\\u{1b}[2J\\u{d}\\u{a}'],
  ['\u009b2J', '\\u{9b}2J'],
  ['\u202ereversed', '\\u{202e}reversed'],
  ['\u{1f600}', '\\u{1f600}'],
  ['x'.repeat(300), `${'x'.repeat(200)}...`],
])("a client's %j is printed as %j", (text, printed) => {
  expect(printable(text)).toBe(printed)
})

it('of an error nothing is told that a library has attached', () => {
  const packet = { rawPacket: Buffer.from('my-secret'), detail: 'my-secret', code: 'HPE_X' }
  const cause = Object.assign(new TypeError('cause'), packet)
  const described = describeError(new Error('message', { cause }))
  expect(described).toEqual({
    type: 'Error',
    message: 'message',
    stack: expect.stringContaining('log.test'),
    cause: { type: 'TypeError', message: 'cause', code: 'HPE_X', stack: expect.any(String) },
  })
  expect(describeError({ text: 'my-secret' })).toBe('object')
})
