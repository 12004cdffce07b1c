import { Client } from '@textile/hub'
import type { ApiKey } from './api-key.js'
import { CallSigner } from './call-signer.js'
import type { Hub, TokenCall } from './hub.js'
import { SdkTokenCall } from './sdk-token-call.js'
import type { OpenTransport } from './transport.js'

/** Where a Hub is, and how calls get there. */
export interface HubAddress {
  /** Scheme, host, port and perhaps a path, without a slash at the end. */
  readonly url: string
  readonly openTransport: OpenTransport
}

/** A Hub reached through the SDK's `Client`. */
export class SdkHub implements Hub {
  readonly #address: HubAddress
  /** By key: there are two for as long as logins of a key that was replaced run. */
  readonly #signers = new WeakMap<ApiKey, CallSigner>()

  constructor(address: HubAddress) {
    this.#address = address
  }

  requestToken(pubkey: string, apiKey: ApiKey): TokenCall {
    // A client for each login: one that lives on would send a user's token with the next user's
    // call, and hangs for ever in the first call after its API signature has expired.
    const client = Client.withUserAuth(this.#signerOf(apiKey).sign(), this.#address.url)
    const transport = this.#address.openTransport()
    client.rpcOptions.transport = transport.factory
    return new SdkTokenCall(client, transport, pubkey)
  }

  #signerOf(apiKey: ApiKey): CallSigner {
    const known = this.#signers.get(apiKey)
    if (known) return known
    const signer = new CallSigner(apiKey)
    this.#signers.set(apiKey, signer)
    return signer
  }
}
