import type { RequestListener } from 'node:http'
import type { Method } from '../call.js'
import { createBucketMethods } from './bucket-methods.js'
import type { BucketContext } from './context.js'
import { createGateway } from './gateway.js'
import { createPathMethods } from './path-methods.js'
import { createPushPath } from './push-path.js'
import { createPushPaths } from './push-paths.js'
import { createReadMethods } from './read-methods.js'
import { createRoleMethods } from './role-methods.js'
import { sweep } from './sweep.js'

/** Buckets at work. */
export interface Buckets {
  /** Their methods by path, `/api.bucketsd.pb.APIService/<method>`. */
  readonly methods: ReadonlyMap<string, Method>
  /** Shows their files to browsers. */
  readonly handleRequest: RequestListener
}

/** Starts buckets, after the blocks that nothing needs any more were removed. */
export async function startBuckets(context: BucketContext): Promise<Buckets> {
  await sweep(context.blocks, context.buckets)
  const methods = new Map(
    Object.entries({
      ...createBucketMethods(context),
      ...createPathMethods(context),
      ...createRoleMethods(context),
      ...createReadMethods(context),
      '/api.bucketsd.pb.APIService/PushPath': createPushPath(context),
      '/api.bucketsd.pb.APIService/PushPaths': createPushPaths(context),
    }),
  )
  return { methods, handleRequest: createGateway(context) }
}
