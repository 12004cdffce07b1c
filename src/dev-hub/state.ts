import type { DomainContext } from './domain.js'
import { Domains } from './domains.js'
import type { StoredApiKey } from './login/api-keys.js'
import { Authorization } from './login/authorization.js'
import { type Credentials, loadCredentials } from './login/credentials.js'
import type { Seed } from './seed/seed-file.js'
import { openStore, type Place } from './store/open-store.js'
import { ThreadRegistry } from './threads/registry.js'

/** What a Hub starts from. */
export interface StateOptions extends Place {
  /** The API keys to make in place of one secured user group key; kept ones are not looked at. */
  readonly apiKeys?: readonly StoredApiKey[]
  /** What to fill it with, as far as that isn't there. */
  readonly seed?: Seed | undefined
  /** Address of the gRPC-web endpoint, once it listens. */
  readonly url?: () => string
}

/** What a Hub remembers, opened: all of it but the endpoints. */
export interface HubState extends DomainContext, Omit<Credentials, 'issuer'> {
  readonly credentials: Credentials
  readonly domains: Domains
  close(): Promise<void>
}

/**
 * Opens what a Hub remembers.
 *
 * @throws SetupError where the folder can't be used or the seed not be planted
 */
export async function openState(options: StateOptions): Promise<HubState> {
  const { apiKeys: given, seed, url = () => '' } = options
  const store = openStore(options)
  const credentials = loadCredentials(store, given)
  const { apiKeys, issuer } = credentials
  const authorization = new Authorization(apiKeys, issuer.name)
  const registry = new ThreadRegistry(store)
  const context = { store, authorization, registry, issuer: issuer.name, url }
  const domains = new Domains(context)
  const close = async () => {
    await domains.close()
    store.close()
  }
  const [apiKey] = apiKeys
  try {
    if (seed && apiKey) {
      // First, since it says which packages are missing.
      const { databases } = await domains.threads()
      const { plantDatabases } = await import('./seed/plant-seed.js')
      const { plantBuckets } = await import('./seed/plant-buckets.js')
      await plantDatabases(seed, context, databases, apiKey)
      await plantBuckets(seed, context, databases, apiKey)
    }
  } catch (error) {
    await close()
    throw error
  }
  return { ...context, apiKeys, credentials, domains, close }
}
