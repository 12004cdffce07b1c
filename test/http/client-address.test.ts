import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { TrustedProxies } from '../../src/http/client-address.js'

function requestFrom(peer: string, forwarded?: string): IncomingMessage {
  const socket = new Socket()
  Object.defineProperty(socket, 'remoteAddress', { value: peer })
  const request = new IncomingMessage(socket)
  if (forwarded !== undefined) request.headers['x-forwarded-for'] = forwarded
  return request
}

describe('a client is named', () => {
  const proxies = new TrustedProxies(['10.0.0.0/8', '::1', '2001:db8:1::/48'])

  it.each([
    ['203.0.113.5', undefined, '203.0.113.5'],
    ['203.0.113.5', '192.0.2.1', '203.0.113.5'],
    ['10.0.0.1', undefined, '10.0.0.1'],
    ['10.0.0.1', '', '10.0.0.1'],
    ['10.0.0.1', '192.0.2.1', '192.0.2.1'],
    ['10.0.0.1', '192.0.2.1, 192.0.2.2', '192.0.2.2'],
    ['10.0.0.1', '192.0.2.1, 10.0.0.2', '192.0.2.1'],
    ['10.0.0.1', '192.0.2.1,10.0.0.2 ,10.0.0.3', '192.0.2.1'],
    ['10.0.0.1', '192.0.2.1, nonsense', '10.0.0.1'],
    ['10.0.0.1', '192.0.2.1, nonsense, 10.0.0.3', '10.0.0.3'],
    ['::ffff:203.0.113.5', undefined, '203.0.113.5'],
    ['::ffff:10.0.0.1', '192.0.2.1', '192.0.2.1'],
    ['::1', '::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:2:3:4:5:6:7', undefined, '2001:db8:2:3::/64'],
    ['2001:db8:2:3:ffff::1', undefined, '2001:db8:2:3::/64'],
    ['2001:db8:1::9', '2001:db8:9:9:1::', '2001:db8:9:9::/64'],
    ['10.0.0.1', '203.0.113.7:4711', '203.0.113.7'],
    ['10.0.0.1', '203.0.113.7:4711, 10.0.0.2:80', '203.0.113.7'],
    ['10.0.0.1', '[2001:db8:9:9:1::]:4711', '2001:db8:9:9::/64'],
    ['10.0.0.1', '[2001:db8:9:9:1::]', '2001:db8:9:9::/64'],
    ['10.0.0.1', '203.0.113', '10.0.0.1'],
    ['10.0.0.1', '192.0.2.1,', '10.0.0.1'],
    ['64:ff9b::203.0.113.5', undefined, '203.0.113.5'],
    ['64:ff9b::cb00:7106', undefined, '203.0.113.6'],
    ['::ffff:0:cb00:7106', undefined, '203.0.113.6'],
    ['10.0.0.1', '64:ff9b::cb00:7106', '203.0.113.6'],
    ['fe80::1%eth0', undefined, 'fe80::/64'],
    ['', undefined, 'unknown'],
  ])('from peer %s, forwarded for %s, as %s', (peer, forwarded, name) => {
    expect(proxies.clientOf(requestFrom(peer, forwarded))).toBe(name)
  })

  it('by its peer where no proxy is trusted', () => {
    expect(new TrustedProxies().clientOf(requestFrom('::1', '192.0.2.1'))).toBe('::/64')
  })

  it('with one warning in all of entries that are no addresses', () => {
    const warned: string[] = []
    const warning = new TrustedProxies(['10.0.0.1'], (entry) => warned.push(entry))
    for (const entry of ['192.0.2.1', 'unknown', '_hidden']) {
      warning.clientOf(requestFrom('10.0.0.1', entry))
      warning.clientOf(requestFrom('192.0.2.9', entry))
    }
    expect(warned).toEqual(['unknown'])
  })

  it('only where the proxies are addresses or ranges', () => {
    expect(() => new TrustedProxies(['10.0.0.1', 'proxy'])).toThrow('proxy is neither')
  })
})
