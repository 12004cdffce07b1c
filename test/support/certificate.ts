import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A certificate for this machine that signs itself, made by OpenSSL. */
export interface Certificate {
  readonly key: Buffer
  readonly cert: Buffer
  /** Path of the certificate's PEM file. */
  readonly file: string
  /** Path of the key's. */
  readonly keyFile: string
}

const EC_KEY = ['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']

/**
 * Makes a certificate that is good for a day.
 *
 * @param newKey - the kind of key, as `openssl req -newkey` takes it
 */
export function makeCertificate(newKey: readonly string[] = EC_KEY): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'userauth-tls-'))
  const [keyFile, file] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const key = ['-newkey', ...newKey, '-nodes']
  const names = ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const files = ['-keyout', keyFile, '-out', file]
  const args = ['-x509', '-days', '1', '-subj', '/CN=localhost', ...names]
  openssl('req', ...key, ...args, ...files)
  return { key: readFileSync(keyFile), cert: readFileSync(file), file, keyFile }
}

/** Encrypts a certificate's key, and returns the path of the PEM file with it. */
export function encryptKey({ keyFile }: Certificate): string {
  const file = `${keyFile}.encrypted`
  openssl('pkey', '-in', keyFile, '-aes256', '-passout', 'pass:password', '-out', file)
  return file
}

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'ignore' })
}
