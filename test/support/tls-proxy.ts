import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync } from 'node:fs'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, type TLSSocket } from 'node:tls'
import { onTestFinished } from 'vitest'

/** A certificate for `localhost` that signs itself, made by OpenSSL. */
export interface Certificate {
  readonly key: Buffer
  readonly cert: Buffer
  /** Path of the certificate's PEM file. */
  readonly file: string
}

/** Makes a certificate that is good for a day. */
export function makeCertificate(): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'userauth-tls-'))
  const [keyFile, file] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const files = ['-keyout', keyFile, '-out', file]
  const args = ['req', '-x509', '-days', '1', ...key, ...name, ...files]
  execFileSync('openssl', args, { stdio: 'ignore' })
  return { key: readFileSync(keyFile), cert: readFileSync(file), file }
}

/**
 * Starts what stands before a Hub that speaks no TLS itself; it ends with the test.
 *
 * @param url - a door of the Hub
 * @param protocols - what it offers by ALPN
 * @param onSocket - told of every connection from outside
 * @returns the address of the door with TLS
 */
export async function startTlsProxy(
  url: string,
  { key, cert }: Certificate,
  protocols: string[] = ['h2'],
  onSocket: (socket: TLSSocket) => void = () => {},
): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer({ key, cert, ALPNProtocols: protocols }, (outside) => {
    onSocket(outside)
    const inside = connect(Number(new URL(url).port), '127.0.0.1')
    for (const socket of [outside, inside]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
    outside.pipe(inside).pipe(outside)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const { port } = server.address() as AddressInfo
  return `${new URL(url).protocol.replace(':', 's:')}//localhost:${port}`
}
