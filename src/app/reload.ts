import { type Config, readConfig } from '../config/config.js'
import { ConfigError } from '../config/config-error.js'
import type { Environment } from '../config/environment.js'
import { VARIABLE_NAMES } from '../config/variables.js'
import type { LoginServer } from '../http/server.js'
import type { TlsFiles } from '../http/tls.js'
import type { ServerKey } from '../hub/server-key.js'
import type { ApiKey } from '../keys/api-signature.js'
import type { Log } from '../log.js'

/** The variables that take another value while the server runs; not whether there is a value. */
const RELOADED = ['TLS_CERT', 'TLS_KEY', 'USER_API_KEY', 'USER_API_SECRET']

/** What another key means to users' data at a hubd, and the cure. */
const THREADS_ARE_BOUND =
  "a hubd binds each thread to the API key that it was made with, so with the new key users can't reach the data that they have; in the Hub's MongoDB, move the threads to the new key before you revoke the old one: db.threads.updateMany({key_id: OLD}, {$set: {key_id: NEW}})"

/**
 * Makes what reloads the configuration of a running server: certificate and API key. Whatever is
 * invalid is refused with a line in the log, and what is in use stays. Never rejects.
 *
 * @param started - the environment that the server was started with
 * @param readEnvironment - reads it again
 */
export function createReload(
  started: Environment,
  readEnvironment: () => Environment,
  running: Promise<{ reload(config: Config): Promise<boolean> }>,
  log: Log,
): () => Promise<void> {
  return async () => {
    try {
      const environment = readEnvironment()
      const config = readConfig(environment)
      const names = findRestartVariables(started, environment)
      if (names.length > 0) log.warn(`reload: to change ${names.join(', ')} takes a restart`)
      const hasChanged = await (await running).reload(config)
      if (!hasChanged) log.info('reload: certificate and key are as they were')
    } catch (error) {
      if (error instanceof ConfigError) {
        for (const line of error.errors) log.error(`reload: nothing is changed: ${line}`)
      } else log.error({ err: error }, 'reload: failed')
    }
  }
}

/** The variables that have changed, and whose change only a restart brings into effect. */
function findRestartVariables(before: Environment, after: Environment): string[] {
  return VARIABLE_NAMES.filter((name) => {
    const [old, fresh] = [before[name] || undefined, after[name] || undefined]
    if (old === fresh) return false
    return !RELOADED.includes(name) || old === undefined || fresh === undefined
  })
}

/** What runs, and of which some can be replaced. */
interface Reloadable {
  readonly serverKey: ServerKey
  readonly server: LoginServer
  readonly log: Log
  /** Aborted once everything is being stopped. */
  readonly stopping: AbortSignal
}

/** Takes another certificate and another API key into use while the server runs. */
export class Reloader {
  readonly #parts: Reloadable
  readonly #started: Config
  #tls: TlsFiles | undefined

  /** @param started - what the server was started with */
  constructor(started: Config, parts: Reloadable) {
    this.#parts = parts
    this.#started = started
    this.#tls = started.tls
  }

  /**
   * Takes what a configuration has of another certificate and key into use. A key that doesn't
   * pass its check at the Hub is refused, and the one in use stays.
   *
   * @returns whether there was anything new, taken or refused
   */
  async reload({ tls, hub, warnings }: Config): Promise<boolean> {
    const { log } = this.#parts
    const fresh = warnings.filter((text) => !this.#started.warnings.includes(text))
    for (const text of fresh) log.warn(`reload: ${text}`)
    const isCertificateNew = this.#reloadCertificate(tls)
    const isKeyNew = await this.#reloadKey(hub)
    return isCertificateNew || isKeyNew
  }

  /** To begin or end to serve TLS takes a restart. */
  #reloadCertificate(tls: TlsFiles | undefined): boolean {
    if (!tls || !this.#tls) return false
    if (tls.cert.equals(this.#tls.cert) && tls.key.equals(this.#tls.key)) return false
    this.#parts.server.replaceCertificate(tls)
    this.#tls = tls
    this.#parts.log.info('reload: new connections get the new certificate')
    return true
  }

  async #reloadKey(hub: Config['hub']): Promise<boolean> {
    const { serverKey, log, stopping } = this.#parts
    // The built-in Hub makes its own key, and to begin or end to use it takes a restart.
    if (this.#started.hub.kind !== 'remote' || hub.kind !== 'remote') return false
    if (isSame(hub.apiKey, serverKey.apiKey)) return false
    const kind = await serverKey.replace(hub.apiKey)
    if (stopping.aborted) return true
    if (kind?.action === 'refuse') log.error(`reload: the key in use stays: ${kind.text}`)
    else if (kind?.action === 'retry') {
      log.error(
        'reload: the key in use stays: HUB_URL: the Hub gave no usable answer, so the new key could not be checked; reload again once the Hub is back',
      )
    } else {
      log.warn(`reload: ${THREADS_ARE_BOUND}`)
      if (kind?.action === 'warn') log.warn(`reload: ${kind.text}`)
      log.info('reload: logins that start from now on use the new key')
    }
    return true
  }
}

function isSame(one: ApiKey, other: ApiKey): boolean {
  return one.key === other.key && Buffer.compare(one.secret, other.secret) === 0
}
