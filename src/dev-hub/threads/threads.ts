import type { Domain, DomainContext } from '../domain.js'
import { Databases } from './databases.js'
import { createCollectionMethods } from './methods/collection-methods.js'
import { type BucketLists, createDatabaseMethods } from './methods/database-methods.js'
import { createInstanceMethods } from './methods/instance-methods.js'
import { createListen } from './methods/listen-method.js'
import { createTransactionMethods } from './methods/transaction-methods.js'

/** The Threads domain, with what other domains build on. */
export interface Threads extends Domain {
  readonly databases: Databases
}

/**
 * Opens the Threads domain: databases, collections, instances, transactions and listeners.
 *
 * @param buckets - those of a database must be removed before it
 */
export function openThreads(
  { store, registry, authorization, issuer }: DomainContext,
  buckets: BucketLists,
): Threads {
  const databases = new Databases(store, registry)
  return {
    databases,
    methods: {
      ...createDatabaseMethods({ authorization, databases, hubKey: issuer, buckets }),
      ...createCollectionMethods(authorization, databases),
      ...createInstanceMethods(authorization, databases),
      ...createTransactionMethods(authorization, databases),
      '/threads.pb.API/Listen': createListen(authorization, databases),
    },
  }
}
