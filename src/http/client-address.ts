import type { IncomingMessage } from 'node:http'
import { isIPv4 } from 'node:net'
import ipaddr from 'ipaddr.js'

/** A range of addresses: one to compare with, and how many of its leading bits count. */
type Range = [address: ipaddr.IPv4 | ipaddr.IPv6, bits: number]

/** How many leading bits of an IPv6 address name a customer: what follows is theirs to change. */
const IPV6_CUSTOMER_BITS = 64

/** What an IPv4 address starts with where a socket for IPv6 has it. */
const IPV4_IN_IPV6 = /^::ffff:(?=[\d.]+$)/

/** The proxies whose word on where a request came from is taken. */
export class TrustedProxies {
  readonly #ranges: readonly Range[]

  /**
   * @param ranges - addresses, or ranges in CIDR notation
   * @throws TypeError naming the first text that is neither
   */
  constructor(ranges: readonly string[] = []) {
    this.#ranges = ranges.map(parseRange)
  }

  /**
   * Tells which client a request is counted for: the peer, or where that is a trusted proxy, the
   * last address in `X-Forwarded-For` that no trusted proxy has. What stands left of it, the
   * client may have made up.
   *
   * @returns an IPv4 address, also where it came inside an IPv6 one; of an IPv6 address the
   *   first 64 bits; `unknown` for a peer that is gone already
   */
  clientOf(request: IncomingMessage): string {
    const peer = (request.socket.remoteAddress ?? '').replace(IPV4_IN_IPV6, '')
    // Most clients are named like this, and it costs nothing.
    if (this.#ranges.length === 0 && isIPv4(peer)) return peer
    let address = parseAddress(peer)
    const forwarded = [request.headers['x-forwarded-for'] ?? []].flat().join(',').split(',')
    while (address && this.#trusts(address)) {
      const previous = parseAddress((forwarded.pop() ?? '').trim())
      if (!previous) break
      address = previous
    }
    return address ? nameOf(address) : 'unknown'
  }

  #trusts(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
    return this.#ranges.some(
      ([range, bits]) => range.kind() === address.kind() && address.match(range, bits),
    )
  }
}

function parseRange(text: string): Range {
  if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text)
  const address = parseAddress(text)
  if (!address) throw new TypeError(`${text} is neither an address nor a range`)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}

function parseAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  return ipaddr.isValid(text) ? ipaddr.process(text) : undefined
}

function nameOf(address: ipaddr.IPv4 | ipaddr.IPv6): string {
  if (address instanceof ipaddr.IPv4) return address.toString()
  const customer = ipaddr.IPv6.networkAddressFromCIDR(`${address}/${IPV6_CUSTOMER_BITS}`)
  return `${customer}/${IPV6_CUSTOMER_BITS}`
}
