import type { Method } from './call.js'
import type { Authorization } from './login/authorization.js'
import type { Store } from './store/store.js'
import type { ThreadRegistry } from './threads/registry.js'

/** What the Hub's domains (threads, buckets, mail) are given to work with. */
export interface DomainContext {
  readonly store: Store
  readonly authorization: Authorization
  /** Whose thread is which. */
  readonly registry: ThreadRegistry
  /** The Hub's public key: the issuer of its tokens. */
  readonly issuer: string
  /** Address of the Hub's gRPC-web endpoint, once it listens: `http://127.0.0.1:3007`. */
  readonly url: () => string
}

/** One part of the Hub: what it adds. */
export interface Domain {
  /** Its methods by path, `/<service>/<method>`. */
  readonly methods: Readonly<Record<string, Method>>
}
