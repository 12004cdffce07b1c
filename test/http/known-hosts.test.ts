import { request } from 'node:http'
import { describe, expect, it } from 'vitest'
import { type AllowedOrigins, isKnownHost } from '../../src/http/origins.js'
import { keepLog } from '../support/kept-log.js'
import { startWithDevHub } from '../support/login-server.js'

const APP: AllowedOrigins = ['https://app.example:8443']

describe('a host is known', () => {
  it.each<[host: string | undefined, allowed: AllowedOrigins, isKnown: boolean]>([
    ['localhost:3001', 'local', true],
    ['LOCALHOST', [], true],
    ['127.0.0.1:3001', [], true],
    ['[::1]:3001', [], true],
    ['203.0.113.5:3001', [], true],
    ['[2001:db8::1]', [], true],
    ['app.example', APP, true],
    ['APP.example:3001', APP, true],
    ['app.example', 'local', false],
    ['evil.example', APP, false],
    ['x.app.example', APP, false],
    ['localhost.evil.example', 'local', false],
    ['203.0.113.5.evil.example', [], false],
    ['app.example@evil.example', APP, false],
    ['', APP, false],
    ['[', APP, false],
    [undefined, APP, false],
    ['evil.example', '*', true],
  ])('%s, with origins %j: %s', (host, allowed, isKnown) => {
    expect(isKnownHost(host, allowed)).toBe(isKnown)
  })
})

describe.each(['127.0.0.1', '0.0.0.0'])('a server that listens on %s', (address) => {
  it('gives its credentials and its page to known hosts only, and its health to all', async () => {
    const { log, lines } = keepLog('info')
    const settings = { host: address, allowedOrigins: APP, simpleAuth: true, withDemo: true, log }
    const { server } = await startWithDevHub(settings)
    const statusOf = (path: string, host: string) =>
      new Promise((resolve, reject) => {
        const port = new URL(server.url).port
        const asked = request({ host: '127.0.0.1', port, path, headers: { host } })
        asked.on('error', reject).on('response', (response) => {
          response.resume()
          resolve(response.statusCode)
        })
        asked.end()
      })
    for (const path of ['/api/userauth', '/', '/demo.json']) {
      expect([path, await statusOf(path, 'evil.example')]).toEqual([path, 403])
      expect([path, await statusOf(path, 'app.example')]).toEqual([path, 200])
      expect([path, await statusOf(path, '203.0.113.5')]).toEqual([path, 200])
    }
    expect(await statusOf('/health', 'evil.example')).toBe(200)
    expect(lines[0]).toMatchObject({ host: 'evil.example', level: 40 })
  })
})
