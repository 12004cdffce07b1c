import pb from '@textile/buckets-grpc/api/bucketsd/pb/bucketsd_pb_service.js'
import type { Method } from '../call.js'
import type { Domain, DomainContext } from '../domain.js'
import type { Databases } from '../threads/databases.js'
import { BLOCK_TABLES, BlockStore } from './block-store.js'
import { BUCKET_TABLES, BucketStore } from './bucket-store.js'
import type { Buckets } from './buckets.js'

/**
 * Opens the domain of buckets. What it needs beside the Hub's other domains is loaded with the
 * first call or request.
 *
 * @param databases - those that buckets are in
 */
export function openBuckets(context: DomainContext, databases: Databases): Domain {
  const { store, authorization, url } = context
  store.migrate('buckets', [...BLOCK_TABLES, ...BUCKET_TABLES])
  const stores = { buckets: new BucketStore(store), blocks: new BlockStore(store) }
  let started: Promise<Buckets> | undefined
  const start = (): Promise<Buckets> => {
    started ??= import('./buckets.js').then(({ startBuckets }) =>
      startBuckets({ ...stores, databases, authorization, url }),
    )
    return started
  }
  const lazily = (path: string): [string, Method] => [
    path,
    async (call) => {
      authorization.callerOf(call)
      await (await start()).methods.get(path)?.(call)
    },
  ]
  return {
    methods: methodNames().map((name) => lazily(`/${pb.APIService.serviceName}/${name}`)),
    handleRequest: async (request, response) => {
      ;(await start()).handleRequest(request, response)
    },
  }
}

function methodNames(): string[] {
  return Object.values(pb.APIService).flatMap((descriptor: unknown) => {
    const isMethod = typeof descriptor === 'object' && descriptor && 'methodName' in descriptor
    return isMethod ? [String(descriptor.methodName)] : []
  })
}
