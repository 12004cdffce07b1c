import type { IncomingMessage } from 'node:http'
import { isIPv4, type Socket } from 'node:net'
import ipaddr from 'ipaddr.js'
import proxyaddr from 'proxy-addr'

/** How many leading bits of an IPv6 address name a customer: what follows is theirs to change. */
const IPV6_CUSTOMER_BITS = 64

/** What an IPv4 address starts with where a socket for IPv6 has it. */
const IPV4_IN_IPV6 = /^::ffff:(?=[\d.]+$)/

/** The proxies whose word on where a request came from is taken. */
export class TrustedProxies {
  readonly #isTrusted: ReturnType<typeof proxyaddr.compile>
  readonly #hasProxies: boolean

  /**
   * @param ranges - addresses, or ranges in CIDR notation
   * @throws TypeError naming the first text that is neither
   */
  constructor(ranges: readonly string[] = []) {
    const invalid = ranges.find((range) => !ipaddr.isValid(range) && !ipaddr.isValidCIDR(range))
    if (invalid !== undefined) throw new TypeError(`${invalid} is neither an address nor a range`)
    this.#isTrusted = proxyaddr.compile([...ranges])
    this.#hasProxies = ranges.length > 0
  }

  /**
   * Names the peer of a connection, as {@link clientOf} does.
   *
   * @returns `undefined` where the peer is a trusted proxy, which speaks for many clients
   */
  peerOf({ remoteAddress = '' }: Pick<Socket, 'remoteAddress'>): string | undefined {
    const peer = remoteAddress.replace(IPV4_IN_IPV6, '')
    if (!this.#hasProxies && isIPv4(peer)) return peer
    if (!ipaddr.isValid(peer)) return 'unknown'
    return this.#isTrusted(peer, 0) ? undefined : nameOf(ipaddr.process(peer))
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
    if (!this.#hasProxies && isIPv4(peer)) return peer
    const chain = proxyaddr.all(request, this.#isTrusted)
    const address = chain.findLast((text) => ipaddr.isValid(text))
    return address === undefined ? 'unknown' : nameOf(ipaddr.process(address))
  }
}

function nameOf(address: ipaddr.IPv4 | ipaddr.IPv6): string {
  if (address instanceof ipaddr.IPv4) return address.toString()
  const customer = ipaddr.IPv6.networkAddressFromCIDR(`${address}/${IPV6_CUSTOMER_BITS}`)
  return `${customer}/${IPV6_CUSTOMER_BITS}`
}
