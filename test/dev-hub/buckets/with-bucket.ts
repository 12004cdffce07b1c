import pb from '@textile/buckets-grpc/api/bucketsd/pb/bucketsd_pb.js'
import type { Buckets } from '@textile/hub'
import type { DevHub } from '../../../src/dev-hub/hub.js'
import type { StoredApiKey } from '../../../src/dev-hub/login/api-keys.js'
import { keyHeaders } from '../../support/api-key.js'
import type { Caller, CallRecord } from '../../support/caller.js'
import { callByWeb } from '../../support/web-call.js'
import { loggedIn } from '../logged-in.js'

/** How many bytes the SDK sends in one message. */
const CHUNK_BYTES = 1024

/** A new user with a bucket, in a thread of its own. */
export async function withBucket(
  hub: DevHub,
  apiKey: StoredApiKey,
  options: { encrypted?: boolean } = {},
) {
  const user = await loggedIn(hub, apiKey)
  const { root, threadID: thread = '' } = await user.buckets.getOrCreate('files', options)
  const key = root?.key ?? ''
  const push = (path: string, content: string | Buffer) =>
    user.buckets.pushPath(key, path, { path, content: Buffer.from(content) })
  const metadata = metadataOf(apiKey, user.token, thread)
  return { ...user, key, thread, push, metadata }
}

/** The headers of a call, as the SDK sends them. */
export function metadataOf(
  apiKey: StoredApiKey,
  token: string,
  thread: string,
): [string, string][] {
  return [...keyHeaders(apiKey), ['authorization', `bearer ${token}`], ['x-textile-thread', thread]]
}

/** The whole content of a file. */
export async function pull(buckets: Buckets, key: string, path: string): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of buckets.pullPath(key, path)) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** The paths of a bucket, but for its seed, in order. */
export async function pathsOf(buckets: Buckets, key: string): Promise<string[]> {
  const paths = await buckets.listPathFlat(key, '')
  return paths.filter((path) => !path.endsWith('.textileseed')).sort()
}

/** One file to push, without the SDK, whose failing pushes end in an unhandled rejection. */
export interface Push {
  readonly key: string
  readonly path: string
  readonly content: Uint8Array
  readonly root?: string
}

/** Pushes a file in chunks as the SDK does. */
export function pushPath(
  hub: DevHub,
  metadata: Iterable<readonly [string, string]>,
  push: Push,
): Promise<CallRecord> {
  return callByWeb(hub.url, '/api.bucketsd.pb.APIService/PushPath', metadata, (to) => {
    to.send(pushHeader(push))
    sendChunks(to, push.content)
    to.end()
  })
}

/** The first message of `PushPath`. */
export function pushHeader({ key, path, root = '' }: Omit<Push, 'content'>): Uint8Array {
  const header = new pb.PushPathRequest.Header()
  header.setKey(key)
  header.setPath(path)
  header.setRoot(root)
  const request = new pb.PushPathRequest()
  request.setHeader(header)
  return request.serializeBinary()
}

/** Sends content in the further messages of `PushPath`. */
export function sendChunks(to: Pick<Caller, 'send'>, content: Uint8Array): void {
  for (let start = 0; start < content.length; start += CHUNK_BYTES) {
    const request = new pb.PushPathRequest()
    request.setChunk(content.subarray(start, start + CHUNK_BYTES))
    to.send(request.serializeBinary())
  }
}
