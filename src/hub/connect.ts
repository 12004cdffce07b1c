import { GrpcClientCall } from './grpc/call.js'
import { SessionPool } from './grpc/session-pool.js'
import { GrpcWebClientCall } from './grpc-web/call.js'
import { SocketPool } from './grpc-web/socket-pool.js'
import type { HubAddress } from './sdk-hub.js'

/** The method that a login calls, and that connections are made ahead for. */
const LOGIN_METHOD = '/threads.pb.API/GetToken'

/** A Hub's address, with whatever is kept open to it. */
export interface HubConnection extends HubAddress {
  /** Cuts off what runs on connections that calls share, and frees those connections at once. */
  close(): void
}

/**
 * Chooses the way to a Hub by the scheme of its address:
 * - `grpc:`, `grpcs:`: its gRPC endpoint, by HTTP/2 sessions that calls share. The first one is
 *   opened here, ahead of the first call;
 * - `http:`, `https:`: its gRPC-web endpoint, by a WebSocket for each call, some of them opened ahead.
 *
 * Throws nothing: a Hub that can't be reached fails the calls.
 *
 * @param url - scheme, host and port, without a slash at the end; by gRPC-web perhaps a path
 */
export function connectToHub(url: string): HubConnection {
  if (!url.startsWith('grpc')) {
    const sockets = new SocketPool(url + LOGIN_METHOD)
    return {
      url,
      openTransport: () => new GrpcWebClientCall(sockets),
      capacity: Number.POSITIVE_INFINITY,
      close: () => sockets.close(),
    }
  }
  // To Node, gRPC's two schemes are HTTP's.
  const sessions = new SessionPool(new URL(url.replace('grpc', 'http')))
  sessions.open()
  return {
    url,
    openTransport: () => new GrpcClientCall(sessions),
    get capacity() {
      return sessions.capacity
    },
    close: () => sessions.close(),
  }
}
