import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { startWithDevHub } from '../support/login-server.js'
import { get, openTcp } from '../support/raw-http.js'

const FILES = [
  ['/', 'text/html'],
  ['/index.html', 'text/html'],
  ['/main.js', 'javascript'],
  ['/main.css', 'text/css'],
] as const

describe('the files of the demo page', () => {
  it.each(FILES)('%s may be kept, and is asked for again', async (path, type) => {
    const { server } = await startWithDevHub({ withDemo: true })
    const { status, headers, text } = await get(server, path)
    expect(status).toBe(200)
    expect(headers['content-type']).toContain(type)
    expect(headers['content-length']).toBe(String(Buffer.byteLength(text)))
    expect(headers['cache-control']).toBe('no-cache')
    expect(headers['content-security-policy']).toContain("default-src 'none'")
    const again = await get(server, path, { headers: { 'if-none-match': String(headers.etag) } })
    expect([again.status, again.text]).toEqual([304, ''])
    const head = await get(server, path, { method: 'HEAD' })
    expect([head.status, head.text, head.headers.etag]).toEqual([200, '', headers.etag])
    expect((await get(server, path, { method: 'POST' })).status).toBe(404)
  })

  it.each(['/main', '/main.ts', '/..%2findex.html', '/index.html/', '/%00'])(
    'are all that there is: GET %s is 404',
    async (path) => {
      const { server } = await startWithDevHub({ withDemo: true })
      expect((await get(server, path)).status).toBe(404)
    },
  )

  it('are not opened for connections that die', async () => {
    const { server } = await startWithDevHub({ withDemo: true })
    await get(server, '/main.js')
    const files = () => readdirSync('/proc/self/fd').length
    const before = files()
    const dying = openTcp(server, '127.0.0.3')
    await once(dying, 'connect')
    dying.write('GET /main.js HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(1_000), () =>
      dying.destroy(),
    )
    await expect.poll(() => dying.closed).toBe(true)
    await expect.poll(() => server.count().connections).toBe(0)
    expect(files()).toBeLessThanOrEqual(before)
  })
})
