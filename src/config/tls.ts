import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { secureContextOf, type TlsFiles } from '../http/tls.js'
import { codeOf } from '../log.js'

/** What `TLS_CERT` and `TLS_KEY` make: files that fit, nothing where neither is set, or errors. */
export interface TlsConfig {
  readonly files: TlsFiles | undefined
  readonly errors: readonly string[]
  readonly warnings: readonly string[]
}

/** Thrown where a file can't be used: a line that names the variable. Never quotes the file. */
class TlsError extends Error {}

/**
 * Reads the files that two variables name. Errors repeat neither the files nor the variables, as
 * somebody may have put a private key itself where its path belongs.
 *
 * @param certPath - path of the certificates, in PEM
 * @param keyPath - path of the private key, in PEM
 */
export function readTlsConfig(
  certPath: string | undefined,
  keyPath: string | undefined,
): TlsConfig {
  if (certPath === undefined && keyPath === undefined) return make()
  if (certPath === undefined) return make({ errors: ['TLS_CERT: is missing; TLS_KEY is set'] })
  if (keyPath === undefined) return make({ errors: ['TLS_KEY: is missing; TLS_CERT is set'] })
  const errors: string[] = []
  const attempt = <T>(work: () => T): T | undefined => {
    try {
      return work()
    } catch (error) {
      if (!(error instanceof TlsError)) throw error
      errors.push(error.message)
      return undefined
    }
  }
  const own = attempt(() => parseCertificate(readFile('TLS_CERT', certPath)))
  const secret = attempt(() => parseKey(readFile('TLS_KEY', keyPath)))
  if (!own || !secret) return make({ errors })
  const files = { cert: own.pem, key: secret.pem }
  attempt(() => checkPair(own.certificate, secret.key, files))
  if (errors.length > 0) return make({ errors })
  return make({ files, warnings: findDateWarnings(own.certificate) })
}

function make(parts: Partial<TlsConfig> = {}): TlsConfig {
  return { files: undefined, errors: [], warnings: [], ...parts }
}

function readFile(variable: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new TlsError(
      `${variable}: must be the path of a file that can be read; ${codeOf(error) ?? 'unknown'}`,
    )
  }
}

function parseCertificate(pem: Buffer): { pem: Buffer; certificate: X509Certificate } {
  try {
    return { pem, certificate: new X509Certificate(pem) }
  } catch {
    throw new TlsError('TLS_CERT: the file must hold a certificate in PEM')
  }
}

function parseKey(pem: Buffer): { pem: Buffer; key: KeyObject } {
  // Both ways to encrypt a key say so in plain text.
  if (/ENCRYPTED/.test(pem.toString('latin1'))) {
    throw new TlsError('TLS_KEY: the key is encrypted; decrypt it, as with `openssl pkey`')
  }
  try {
    return { pem, key: createPrivateKey(pem) }
  } catch {
    throw new TlsError('TLS_KEY: the file must hold a private key in PEM')
  }
}

function checkPair(certificate: X509Certificate, key: KeyObject, files: TlsFiles): void {
  if (!certificate.checkPrivateKey(key)) {
    throw new TlsError(
      "TLS_KEY: is not the key of the first certificate in TLS_CERT, which must be the server's own",
    )
  }
  try {
    createSecureContext(secureContextOf(files))
  } catch (error) {
    const code = codeOf(error) ?? 'unknown'
    throw new TlsError(`TLS_CERT: TLS can't be served with this certificate and key; ${code}`)
  }
}

function findDateWarnings({ validFrom, validTo }: X509Certificate): string[] {
  if (Date.parse(validTo) < Date.now()) {
    return [`TLS_CERT: the certificate expired on ${validTo}, so apps refuse to connect; renew it`]
  }
  if (Date.parse(validFrom) > Date.now()) {
    return [`TLS_CERT: the certificate is valid from ${validFrom} only; check this machine's clock`]
  }
  return []
}
