import type { RequestListener } from 'node:http'
import type { Domain, DomainContext } from '../domain.js'
import { BlockStore } from './block-store.js'
import { createBucketMethods } from './bucket-methods.js'
import { BucketStore } from './bucket-store.js'
import { createGateway } from './gateway.js'
import { createPathMethods } from './path-methods.js'
import { createPushPath } from './push-path.js'
import { createPushPaths } from './push-paths.js'
import { createReadMethods } from './read-methods.js'
import { createRoleMethods } from './role-methods.js'
import { sweep } from './sweep.js'

/** The domain of buckets. */
export interface BucketsDomain extends Domain {
  /** Answers plain HTTP requests on the gRPC-web port. */
  readonly handleRequest: RequestListener
}

/** Opens the domain of buckets, after the blocks that nothing needs any more were removed. */
export async function openBuckets(domain: DomainContext): Promise<BucketsDomain> {
  const { store } = domain
  const context = { ...domain, buckets: new BucketStore(store), blocks: new BlockStore(store) }
  await sweep(context.blocks, context.buckets)
  return {
    methods: {
      ...createBucketMethods(context),
      ...createPathMethods(context),
      ...createRoleMethods(context),
      ...createReadMethods(context),
      '/api.bucketsd.pb.APIService/PushPath': createPushPath(context),
      '/api.bucketsd.pb.APIService/PushPaths': createPushPaths(context),
    },
    handleRequest: createGateway(context),
  }
}
