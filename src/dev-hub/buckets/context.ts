import { base32 } from 'multiformats/bases/base32'
import { Status } from '../../grpc/status.js'
import { CallError, type HubCall } from '../call.js'
import type { Authorization } from '../login/authorization.js'
import type { BlockStore } from './block-store.js'
import type { BucketStore } from './bucket-store.js'

/** Who owns threads, as far as buckets need to know. */
export interface ThreadOwners {
  /**
   * Finds a thread.
   *
   * @returns its owner (a public key, or an account's name) and the API key it was made with, or
   *   `undefined` where there is none
   */
  find(id: Uint8Array): { readonly owner: string; readonly apiKey: string } | undefined
}

/** What the methods of buckets work on. */
export interface BucketContext {
  readonly buckets: BucketStore
  readonly blocks: BlockStore
  readonly threads: ThreadOwners
  readonly authorization: Authorization
  /** Address of the gateway: `http://127.0.0.1:3007`. */
  readonly url: () => string
}

/** In whose name a call about buckets is made, and in which thread. */
export interface BucketCaller {
  /** Public key; the empty text where the call is made with an account key. */
  readonly user: string
  /** ID of the thread. */
  readonly thread: Uint8Array
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
  { authorization, threads }: BucketContext,
  call: HubCall,
  isForAll: boolean,
): BucketCaller {
  const owner = authorization.ownerOf(call)
  const apiKey = authorization.apiKeyOf(call)
  const thread = readThreadId(call.metadata.get('x-textile-thread'))
  const found = threads.find(thread)
  const isOwner = found?.owner === owner
  if (!isOwner && !isForAll) {
    throw new CallError(Status.PermissionDenied, 'User does not own thread')
  }
  if (!found) throw new CallError(Status.NotFound, 'thread not found')
  if (isOwner && !apiKey.isAccount && found.apiKey !== '' && found.apiKey !== apiKey.key) {
    throw new CallError(Status.PermissionDenied, 'Bad API key')
  }
  const token = call.metadata.get('authorization')?.replace(/^bearer /i, '') ?? ''
  return { user: apiKey.isAccount ? '' : owner, thread, token }
}

/** The text of a thread's ID. */
export function formatThreadId(id: Uint8Array): string {
  return base32.encode(id)
}

/** @throws CallError where there is no ID, or it is malformed */
function readThreadId(text: string | undefined): Uint8Array {
  if (!text) throw new CallError(Status.Unknown, 'db required')
  try {
    return base32.decode(text)
  } catch {
    throw new CallError(Status.Unknown, 'x-textile-thread is no thread ID')
  }
}
