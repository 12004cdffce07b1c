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
  readonly #signer: CallSigner

  constructor(address: HubAddress, apiKey: ApiKey) {
    this.#address = address
    this.#signer = new CallSigner(apiKey)
  }

  requestToken(pubkey: string): TokenCall {
    // A client for each login: one that lives on would send a user's token with the next user's
    // call, and hangs for ever in the first call after its API signature has expired.
    const client = Client.withUserAuth(this.#signer.sign(), this.#address.url)
    const transport = this.#address.openTransport()
    client.rpcOptions.transport = transport.factory
    return new SdkTokenCall(client, transport, pubkey)
  }
}
