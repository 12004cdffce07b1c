import { describe, expect, it } from 'vitest'
import { isAllowedOrigin, isLoopbackHost } from '../../src/http/origins.js'

describe('pages of this machine', () => {
  it.each([
    'http://localhost',
    'https://localhost:1',
    'http://127.0.0.1:65535',
    'http://127.10.200.30',
    'http://[::1]',
  ])('are on %s', (origin) => expect(isAllowedOrigin(origin, 'local')).toBe(true))

  it.each([
    '',
    'null',
    'localhost',
    'ftp://localhost',
    'https://evil.example?http://localhost',
    'x-http://localhost',
    'http://localhost.',
    'http://127.0.0.1.evil.example',
    'http://127.0.0.1:x',
    'http://127.0.0',
    'http://[::1]x',
  ])('are not on %j', (origin) => expect(isAllowedOrigin(origin, 'local')).toBe(false))
})

describe('names of this machine', () => {
  it.each(['localhost', 'LOCALHOST:80', '127.0.0.1:3001', '127.100.0.255', '[::1]:1'])(
    'include %s',
    (host) => expect(isLoopbackHost(host)).toBe(true),
  )

  it.each([undefined, '', 'evil.localhost', 'xlocalhost', 'localhost.evil', '127.0.0.1.evil'])(
    'do not include %j',
    (host) => expect(isLoopbackHost(host)).toBe(false),
  )
})
