import type { Config, HubConfig } from '../config/config.js'
import type { LoginServer } from '../http/server.js'
import type { TlsFiles } from '../http/tls.js'
import type { ApiKey } from '../hub/api-key.js'
import type { ApiKeyGate } from '../hub/server-key.js'
import type { Log } from '../log.js'

/** What runs, and of which some can be replaced. */
interface Replaceable {
  readonly gate: ApiKeyGate
  readonly server: LoginServer
  readonly log: Log
  /** Aborted once everything is being stopped. */
  readonly stopping: AbortSignal
}

/** Takes another certificate and another API key into use while the server runs. */
export class Replacements {
  readonly #parts: Replaceable
  readonly #started: Config
  #tls: TlsFiles | undefined

  /** @param started - what the server was started with */
  constructor(started: Config, parts: Replaceable) {
    this.#parts = parts
    this.#started = started
    this.#tls = started.tls
  }

  /**
   * Takes what a configuration has of another certificate and key into use. A key that doesn't
   * pass its check at the Hub is refused, and the one in use stays.
   *
   * @returns whether there was anything new, of use or not
   */
  async replace({ tls, hub, warnings }: Config): Promise<boolean> {
    const { log } = this.#parts
    const fresh = warnings.filter((text) => !this.#started.warnings.includes(text))
    for (const text of fresh) log.warn(`reload: ${text}`)
    const isCertificateNew = this.#replaceCertificate(tls)
    const isKeyNew = await this.#replaceKey(hub)
    return isCertificateNew || isKeyNew
  }

  /** To begin or end to serve TLS takes a restart. */
  #replaceCertificate(tls: TlsFiles | undefined): boolean {
    if (!tls || !this.#tls) return false
    if (tls.cert.equals(this.#tls.cert) && tls.key.equals(this.#tls.key)) return false
    this.#parts.server.replaceCertificate(tls)
    this.#tls = tls
    this.#parts.log.info('reload: new connections get the new certificate')
    return true
  }

  async #replaceKey(hub: HubConfig): Promise<boolean> {
    const { gate, log, stopping } = this.#parts
    // The built-in Hub makes its own key, and to begin or end to use it takes a restart.
    if (this.#started.hub.kind !== 'remote' || hub.kind !== 'remote') return false
    if (isSame(hub.apiKey, gate.apiKey)) return false
    const { outcome, text } = await gate.replaceKey(hub.apiKey)
    if (stopping.aborted) return true
    if (outcome === 'stop') log.error(`reload: the key in use stays: ${text}`)
    else if (outcome === 'retry') {
      log.error(
        'reload: the key in use stays: HUB_URL: the Hub gave no usable answer, so the new key could not be checked; reload again once the Hub is back',
      )
    } else {
      if (text !== '') log.warn(`reload: ${text}`)
      log.info('reload: logins that start from now on use the new key')
    }
    return true
  }
}

function isSame(one: ApiKey, other: ApiKey): boolean {
  return one.key === other.key && Buffer.compare(one.secret, other.secret) === 0
}
