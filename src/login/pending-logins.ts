import ipaddr from 'ipaddr.js'
import { RETRY_AFTER } from '../limits/limits.js'
import { ErrorCode } from '../protocol.js'
import { LoginError } from './errors.js'
import { RecentAddresses } from './recent-addresses.js'

/** How many leading bits of an IPv6 address name whoever hands out addresses to customers. */
const NETWORK_BITS = 48

/**
 * How many places an address may take from which a login has succeeded lately, before it counts as
 * much as one place of any other address. Many users may be behind such an address.
 */
const PLACES_OF_KNOWN = 20

/** What a place counts, of an address from which a login has succeeded lately, and of another. */
const WEIGHT = { known: 1, unknown: PLACES_OF_KNOWN + 1 } as const

/** A login that waits for its app's signature. */
export interface PendingLogin {
  /** The client's address, as it is counted. */
  readonly address: string
  /** Ends the login for the reason given. */
  abort(reason: Error): void
}

/** The logins of an address that wait, oldest first. */
interface Address {
  readonly network: Network
  readonly logins: Set<PendingLogin>
  /** What each of them counts. */
  weight: number
}

/** The addresses of a network, and what their logins count together. */
interface Network {
  readonly name: string
  readonly addresses: Set<Address>
  weight: number
}

/**
 * The logins that wait for a signature, up to a limit. Where there is one too many, one of the
 * network that has most is evicted, and in it the oldest of the address that has most: a crowd of
 * silent apps evicts itself, not others. A network is an IPv4 address or a /48 of IPv6. Addresses
 * from which a login has succeeded in the last hour count less. It is never the key that decides,
 * since anybody can name any key.
 */
export class PendingLogins {
  readonly #findLimit: () => number
  readonly #known = new RecentAddresses()
  readonly #byAddress = new Map<string, Address>()
  readonly #networks = new Map<string, Network>()
  #size = 0

  /** @param findLimit - tells how many may wait now; `Infinity` for any number */
  constructor(findLimit: () => number) {
    this.#findLimit = findLimit
  }

  /** How many wait. */
  get size(): number {
    return this.#size
  }

  /** Adds a login, and evicts one where that is one too many. */
  add(login: PendingLogin): void {
    const address = this.#byAddress.get(login.address) ?? this.#open(login.address)
    address.logins.add(login)
    address.network.weight += address.weight
    this.#size += 1
    if (this.#size > this.#findLimit()) this.#evict()
  }

  /** Removes a login. Does nothing for one that isn't there. */
  delete(login: PendingLogin): void {
    const address = this.#byAddress.get(login.address)
    if (!address?.logins.delete(login)) return
    const { network } = address
    network.weight -= address.weight
    this.#size -= 1
    if (address.logins.size > 0) return
    this.#byAddress.delete(login.address)
    network.addresses.delete(address)
    if (network.addresses.size === 0) this.#networks.delete(network.name)
  }

  /** Takes note that a login from an address has succeeded: for an hour it counts less. */
  succeeded(address: string): void {
    this.#known.add(address)
    const waiting = this.#byAddress.get(address)
    if (waiting) this.#weigh(waiting, WEIGHT.known)
  }

  #open(name: string): Address {
    const network = this.#networkOf(name)
    const weight = this.#known.has(name) ? WEIGHT.known : WEIGHT.unknown
    const address = { network, weight, logins: new Set<PendingLogin>() }
    this.#byAddress.set(name, address)
    network.addresses.add(address)
    return address
  }

  #networkOf(address: string): Network {
    const name = nameNetwork(address)
    const known = this.#networks.get(name)
    if (known) return known
    const network = { name, weight: 0, addresses: new Set<Address>() }
    this.#networks.set(name, network)
    return network
  }

  #weigh(address: Address, weight: number): void {
    address.network.weight += address.logins.size * (weight - address.weight)
    address.weight = weight
  }

  #evict(): void {
    const network = findHeaviest(this.#networks.values(), ({ weight }) => weight)
    const address = findHeaviest(network?.addresses ?? [], ({ logins, weight }) => {
      return logins.size * weight
    })
    const [oldest] = address?.logins ?? []
    if (!oldest) return
    this.delete(oldest)
    const details = { retryAfter: RETRY_AFTER, limit: 'waiting_logins' } as const
    oldest.abort(new LoginError(ErrorCode.Overloaded, details))
  }
}

/** The first of those that weigh most. */
function findHeaviest<T>(all: Iterable<T>, weigh: (one: T) => number): T | undefined {
  let heaviest: T | undefined
  let most = 0
  for (const one of all) {
    const weight = weigh(one)
    if (weight <= most) continue
    most = weight
    heaviest = one
  }
  return heaviest
}

/** The network of an address as it is counted: of IPv4 the address itself. */
function nameNetwork(address: string): string {
  const [text = ''] = address.split('/')
  if (!ipaddr.IPv6.isValid(text)) return address
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${text}/${NETWORK_BITS}`)}/${NETWORK_BITS}`
}
