import type { Socket } from 'node:net'

/** How many connections there may be beside those of sockets: for requests and upgrades. */
const REQUEST_CONNECTIONS = 1_000

/** How many of them one address may have. */
const REQUEST_CONNECTIONS_PER_IP = 50

/** A TCP connection that was accepted. */
export interface Connection {
  readonly socket: Socket
  /** The peer's address, as it is counted; missing for a trusted proxy's. */
  readonly address: string | undefined
  /** When it was opened, in ms, by `performance.now()`. */
  readonly openedAt: number
  /** How many requests have come on it, and how many of them are not answered yet. */
  requests: number
  unanswered: number
  isWebSocket: boolean
}

/** Makes what is kept of a connection. */
export function newConnection(socket: Socket, address: string | undefined): Connection {
  const openedAt = performance.now()
  return { socket, address, openedAt, requests: 0, unanswered: 0, isWebSocket: false }
}

/** What became of a connection that was to be accepted. */
export type Acceptance = Connection | 'connections' | 'connections_per_ip'

/** How many connections there may be; `Infinity` for any number. */
export interface ConnectionLimits {
  readonly maxSockets: number
  readonly maxSocketsPerIp: number
}

/**
 * The TCP connections from the moment that they are accepted, in all and by address. Where there
 * are as many as there may be, a silent one of the fullest address gives way to the next.
 */
export class Connections {
  readonly #limit: number
  readonly #limitPerIp: number
  readonly #all = new Set<Connection>()
  /** By address, oldest first. Those of trusted proxies, which bring many clients, are not here. */
  readonly #byAddress = new Map<string, Set<Connection>>()

  constructor({ maxSockets, maxSocketsPerIp }: ConnectionLimits) {
    this.#limit = maxSockets + REQUEST_CONNECTIONS
    this.#limitPerIp = maxSocketsPerIp + REQUEST_CONNECTIONS_PER_IP
  }

  /** How many are open. */
  get total(): number {
    return this.#all.size
  }

  /** How many an address has open. */
  of(address: string): number {
    return this.#byAddress.get(address)?.size ?? 0
  }

  /**
   * Accepts a connection, unless its address or the server has too many. It is counted until its
   * socket has closed.
   *
   * @param address - the peer's, as it is counted; missing for a trusted proxy
   * @returns the connection, or which limit it is beyond
   */
  accept(socket: Socket, address: string | undefined): Acceptance {
    if (address !== undefined && this.of(address) >= this.#limitPerIp) return 'connections_per_ip'
    if (this.#all.size >= this.#limit && !this.#evict()) return 'connections'
    const connection = newConnection(socket, address)
    this.#add(connection)
    socket.once('close', () => this.#delete(connection))
    return connection
  }

  /** Finds the connection that a TLS socket speaks over, by the peer's address and port. */
  findByPeer(address: string, { remotePort, localAddress }: Socket): Connection | undefined {
    for (const connection of this.#byAddress.get(address) ?? []) {
      const { socket } = connection
      if (socket.remotePort === remotePort && socket.localAddress === localAddress) {
        return connection
      }
    }
    return undefined
  }

  /** Cuts all of them off at once. */
  destroyAll(): void {
    for (const { socket } of this.#all) socket.destroy()
  }

  #add(connection: Connection): void {
    const { address } = connection
    this.#all.add(connection)
    if (address === undefined) return
    const peers = this.#byAddress.get(address)
    if (peers) peers.add(connection)
    else this.#byAddress.set(address, new Set([connection]))
  }

  /** Does nothing for one that was deleted before. */
  #delete(connection: Connection): void {
    const { address } = connection
    this.#all.delete(connection)
    if (address === undefined) return
    const peers = this.#byAddress.get(address)
    if (peers?.delete(connection) && peers.size === 0) this.#byAddress.delete(address)
  }

  /**
   * Ends the oldest silent connection of the address that has most of those that have one.
   *
   * @returns whether there was one
   */
  #evict(): boolean {
    let fullest = 0
    let oldest: Connection | undefined
    for (const peers of this.#byAddress.values()) {
      if (peers.size <= fullest) continue
      const silent = findSilent(peers)
      if (!silent) continue
      fullest = peers.size
      oldest = silent
    }
    if (!oldest) return false
    this.#delete(oldest)
    oldest.socket.destroy()
    return true
  }
}

/** The oldest connection that is no WebSocket, and has no request that waits for an answer. */
function findSilent(connections: Iterable<Connection>): Connection | undefined {
  for (const connection of connections) {
    if (!connection.isWebSocket && connection.unanswered === 0) return connection
  }
  return undefined
}
