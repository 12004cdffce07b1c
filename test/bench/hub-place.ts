import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { createServer } from 'node:tls'
import { startHub } from '../soak/processes.js'
import { type Certificate, makeCertificate } from '../support/certificate.js'
import { moveAway } from './far-hub.js'

/** Where the Hub of a benchmark is, for the servers that use it. */
export interface HubPlace {
  /** Environment of a server that uses its gRPC-web door. */
  readonly web: Readonly<Record<string, string>>
  /** Environment of one that uses its native door. */
  readonly grpc: Readonly<Record<string, string>>
  close(): void
}

/** What stands between the servers and the Hub. */
export interface Distance {
  /** Whether the Hub speaks TLS. */
  readonly hasTls: boolean
  /** How far away it is, in ms for a round trip; 0 for next door. */
  readonly rtt: number
}

/** A server that stands before a door of the Hub. */
interface Front {
  readonly port: number
  close(): void
}

/** Starts a Hub as a process, with TLS and distance before it as wanted. */
export async function placeHub({ hasTls, rtt }: Distance): Promise<HubPlace> {
  const hub = await startHub()
  const certificate = hasTls ? makeCertificate() : undefined
  const fronts: Front[] = []
  const place = async (url: string, protocols: string[]): Promise<string> => {
    const { protocol, port } = new URL(url)
    let nearest = Number(port)
    // TLS ends at the Hub, so that its round trips are as long as any others.
    if (certificate) nearest = put(await startTls(nearest, certificate, protocols), fronts)
    if (rtt > 0) nearest = put(await moveAway(nearest, rtt), fronts)
    return `${protocol.replace(':', hasTls ? 's:' : ':')}//localhost:${nearest}`
  }
  const trust = certificate ? { NODE_EXTRA_CA_CERTS: certificate.file } : {}
  const keys = { ...hub.environment, ...trust }
  return {
    web: { ...keys, HUB_URL: await place(hub.webUrl, []) },
    grpc: { ...keys, HUB_URL: await place(hub.grpcUrl, ['h2']) },
    close() {
      for (const front of fronts) front.close()
      hub.stop()
    },
  }
}

function put(front: Front, fronts: Front[]): number {
  fronts.push(front)
  return front.port
}

async function startTls(
  hubPort: number,
  { key, cert }: Certificate,
  ALPNProtocols: string[],
): Promise<Front> {
  const server = createServer({ key, cert, ALPNProtocols }, (outside) => {
    const inside = connect(hubPort, '127.0.0.1')
    for (const socket of [outside, inside]) socket.setNoDelay(true)
    outside.on('error', () => inside.destroy())
    inside.on('error', () => outside.destroy())
    outside.pipe(inside).pipe(outside)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { port, close: () => server.close() }
}
