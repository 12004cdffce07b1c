import { Status } from '../../grpc/status.js'
import { CallError, type HubCall } from '../call.js'
import type { Authorization } from '../login/authorization.js'
import { threadNotFound } from '../threads/errors.js'
import { parseThreadId, type ThreadRegistry } from '../threads/registry.js'
import type { BlockStore } from './block-store.js'
import type { BucketStore } from './bucket-store.js'

/** What the methods of buckets work on. */
export interface BucketContext {
  readonly buckets: BucketStore
  readonly blocks: BlockStore
  readonly registry: ThreadRegistry
  readonly authorization: Authorization
  /** Address of the gateway: `http://127.0.0.1:3007`. */
  readonly url: () => string
}

/** In whose name a call about buckets is made, and in which thread. */
export interface BucketCaller {
  /** Public key; the empty text where the call is made with an account key. */
  readonly user: string
  /** ID of the thread: multibase base32. */
  readonly thread: string
  /** The user's token, for links to private buckets. */
  readonly token: string
}

/**
 * Finds out who calls about buckets, and of which thread.
 *
 * @param isForAll - whether users who don't own the thread may call the method: what they may do
 *   then, their roles say
 * @throws CallError as hubd has it, where the caller may not
 */
export function callerOf(
  { authorization, registry }: BucketContext,
  call: HubCall,
  isForAll: boolean,
): BucketCaller {
  const caller = authorization.callerOf(call)
  const id = call.metadata.get('x-textile-thread')
  if (!id) throw new CallError(Status.Unknown, 'db required')
  const thread = registry.find(parseThreadId(id))
  if (isForAll && !thread) throw threadNotFound()
  if (!isForAll || thread?.owner === caller.owner) registry.findOwned(parseThreadId(id), caller)
  const token = call.metadata.get('authorization')?.replace(/^bearer /i, '') ?? ''
  return { user: caller.apiKey.isAccount ? '' : caller.owner, thread: id, token }
}
