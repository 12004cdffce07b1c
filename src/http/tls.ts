import type { SecureContextOptions } from 'node:tls'

/** A certificate and its private key, each the content of a PEM file. */
export interface TlsFiles {
  /** The server's own certificate first, then those up to, but without, a root's. */
  readonly cert: Buffer
  /** Not encrypted. */
  readonly key: Buffer
}

/** How TLS is spoken with a certificate: 1.2 at least, as RFC 8996 demands. */
export function secureContextOf({ cert, key }: TlsFiles): SecureContextOptions {
  return { cert, key, minVersion: 'TLSv1.2' }
}
