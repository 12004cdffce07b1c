import { describe, expect, it } from 'vitest'
import { SandboxedFunction } from '../../../src/dev-hub/threads/guards/sandbox.js'

/** Makes a function of `a`, calls it once, and disposes it. */
async function call(body: string, a: unknown = 1): Promise<unknown> {
  const sandboxed = await SandboxedFunction.create(['a'], body)
  try {
    return sandboxed.call([JSON.stringify(a)])
  } finally {
    sandboxed.dispose()
  }
}

describe('a function in the sandbox', () => {
  it.each([
    ['return a + 1', 1, 2],
    ['return a.b.map(c => c * 2)', { b: [1, 2] }, [2, 4]],
    ['a.x = "ü𝄞"; return a', {}, { x: 'ü𝄞' }],
    ['return', 1, undefined],
    ['JSON.stringify = null; JSON.parse = null; return a', 7, 7],
    ['"use strict"; return this === undefined', 1, true],
  ])('%s', async (body, argument, result) => {
    expect(await call(body, argument)).toEqual(result)
  })

  it.each(['process', 'require', 'fetch', 'setTimeout', 'Buffer', 'WebAssembly', 'std', 'os'])(
    'has no %s',
    async (name) => expect(await call(`return typeof ${name}`)).toBe('undefined'),
  )

  it('can’t reach out by way of what it is given', async () => {
    const attempt = 'return a.constructor.constructor("return typeof process")()'
    expect(await call(attempt, {})).toBe('undefined')
  })

  it.each([
    ['while (true) {}', 'it took longer than 50 ms'],
    ['return /^(a+)+$/.test("a".repeat(40) + "b")', 'it took longer than 50 ms'],
    ['return new ArrayBuffer(20_000_000).byteLength', 'it took more than 16 MB'],
    ['function f() { return f() } f()', 'stack overflow'],
    ['throw new Error("no")', 'no'],
    ['throw "text"', 'text'],
    ['return { toJSON() { throw new Error("not this") } }', 'not this'],
    ['return Promise.resolve(1).then.call()', 'Promise object expected'],
  ])('that does %s fails', async (body, reason) => {
    await expect(call(body)).rejects.toThrow(reason)
  })

  it('that is no JavaScript is none', async () => {
    await expect(SandboxedFunction.create(['a'], 'if (')).rejects.toThrow('unexpected token')
    await expect(SandboxedFunction.create(['a'], '}; while (true) {')).rejects.toThrow()
  })

  it('goes on after one that has failed', async () => {
    const sandboxed = await SandboxedFunction.create(['a'], 'while (a) {} return "done"')
    expect(() => sandboxed.call(['true'])).toThrow('50 ms')
    expect(sandboxed.call(['false'])).toBe('done')
    sandboxed.dispose()
  })

  it('leaves no memory behind', async () => {
    for (let round = 0; round < 20; round += 1) await call('return new Array(100000).fill(a)')
    const before = process.memoryUsage().rss
    for (let round = 0; round < 200; round += 1) await call('return new Array(100000).fill(a)')
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000)
  })
})
