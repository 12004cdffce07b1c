import type { IncomingMessage } from 'node:http'
import { isIP, isIPv4, type Socket } from 'node:net'
import ipaddr from 'ipaddr.js'
import proxyaddr from 'proxy-addr'

/** How many leading bits of an IPv6 address name a customer: what follows is theirs to change. */
const IPV6_CUSTOMER_BITS = 64

/** What an IPv4 address starts with where a socket for IPv6 has it. */
const IPV4_IN_IPV6 = /^::ffff:(?=[\d.]+$)/

/** An entry of `X-Forwarded-For` that names a port, or has its IPv6 address in brackets. */
const ENTRY_WITH_PORT = /^(?:([\d.]+):\d+|\[([^\]]+)\](?::\d+)?)$/

/**
 * How `ipaddr.js` calls the ranges whose addresses hold an IPv4 address in their last 32 bits, of
 * a client that comes through a translator: NAT64's `64:ff9b::/96` (RFC 6052) and
 * `::ffff:0:0:0/96` (RFC 2765).
 */
const TRANSLATED_RANGES = ['rfc6052', 'rfc6145']

/** The proxies whose word on where a request came from is taken. */
export class TrustedProxies {
  readonly #isTrusted: ReturnType<typeof proxyaddr.compile>
  readonly #hasProxies: boolean
  #warn: ((entry: string) => void) | undefined

  /**
   * @param ranges - addresses, or ranges in CIDR notation
   * @param warn - told, once, of an entry in `X-Forwarded-For` that is no address
   * @throws TypeError naming the first text that is neither
   */
  constructor(ranges: readonly string[] = [], warn?: (entry: string) => void) {
    const invalid = ranges.find((range) => !ipaddr.isValid(range) && !ipaddr.isValidCIDR(range))
    if (invalid !== undefined) throw new TypeError(`${invalid} is neither an address nor a range`)
    this.#isTrusted = proxyaddr.compile([...ranges])
    this.#hasProxies = ranges.length > 0
    this.#warn = warn
  }

  /**
   * Names the peer of a connection, as {@link clientOf} does.
   *
   * @returns `undefined` where the peer is a trusted proxy, which speaks for many clients
   */
  peerOf(socket: Pick<Socket, 'remoteAddress'>): string | undefined {
    const peer = addressOf(socket)
    // Most clients are named like this, and it costs nothing.
    if (!this.#hasProxies && isIPv4(peer)) return peer
    if (!ipaddr.isValid(peer)) return 'unknown'
    return this.#isTrusted(peer, 0) ? undefined : nameOf(peer)
  }

  /**
   * Tells which client a request is counted for: the peer, or where that is a trusted proxy, the
   * last address in `X-Forwarded-For` that no trusted proxy has. What stands left of it, the
   * client may have made up; where an entry can't be read, the proxy that wrote it is the client.
   *
   * @returns an IPv4 address, also where it came inside an IPv6 one; of an IPv6 address the
   *   first 64 bits; `unknown` for a peer that is gone already
   */
  clientOf(request: IncomingMessage): string {
    return this.peerOf(request.socket) ?? nameOf(this.#lastUntrusted(request))
  }

  /** What `X-Forwarded-For` says of a request that comes from a trusted proxy. */
  #lastUntrusted({ socket, headers }: IncomingMessage): string {
    const proxy = addressOf(socket)
    const forwarded = String(headers['x-forwarded-for'] ?? '')
    if (forwarded.trim() === '') return proxy
    let client = proxy
    for (const entry of forwarded.split(',').reverse()) {
      const address = readEntry(entry.trim())
      if (address === undefined) {
        this.#warn?.(entry)
        this.#warn = undefined
        return client
      }
      client = address
      if (!this.#isTrusted(client, 0)) return client
    }
    return client
  }
}

/** The peer's address as the system has it, or IPv4 alone where it is inside IPv6. */
function addressOf({ remoteAddress = '' }: Pick<Socket, 'remoteAddress'>): string {
  return remoteAddress.replace(IPV4_IN_IPV6, '')
}

/** Reads the address of an entry in `X-Forwarded-For`, with or without a port. */
function readEntry(entry: string): string | undefined {
  const [, ipv4, ipv6] = ENTRY_WITH_PORT.exec(entry) ?? []
  const address = ipv4 ?? ipv6 ?? entry
  return isIP(address) === 0 ? undefined : address
}

function nameOf(text: string): string {
  const address = ipaddr.process(text)
  if (address instanceof ipaddr.IPv4) return address.toString()
  if (TRANSLATED_RANGES.includes(address.range())) {
    return ipaddr.fromByteArray(address.toByteArray().slice(-4)).toString()
  }
  const customer = ipaddr.IPv6.networkAddressFromCIDR(`${address}/${IPV6_CUSTOMER_BITS}`)
  return `${customer}/${IPV6_CUSTOMER_BITS}`
}
