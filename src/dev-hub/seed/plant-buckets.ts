import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import pb from '@textile/buckets-grpc/api/bucketsd/pb/bucketsd_pb.js'
import { signApiMessage } from '../../keys/api-signature.js'
import { decodeMultibase } from '../../keys/multibase.js'
import { CallError } from '../call.js'
import type { Domains } from '../domains.js'
import type { StoredApiKey } from '../login/api-keys.js'
import type { TokenIssuer } from '../login/token-issuer.js'
import { SetupError } from '../setup-error.js'
import type { Databases } from '../threads/databases.js'
import { callLocally, type LocalCredentials } from './local-call.js'
import { randomThreadId } from './plant-seed.js'
import { pubkeyOf, type Seed } from './seed-file.js'

/** How long filling one bucket may take before its signature has expired, in ms. */
const SIGNATURE_MS = 3_600_000

/** What buckets are planted with. */
export interface BucketSoil {
  readonly databases: Databases
  readonly domains: Domains
  readonly apiKey: StoredApiKey
  readonly issuer: TokenIssuer
}

type SeededBucket = Seed['buckets'][number]

/**
 * Makes a seed's buckets and pushes the files of their folders. A bucket that its owner has
 * already, by name, is left as it is.
 *
 * @throws SetupError where a folder can't be read, or the Hub would refuse it from an app, too
 */
export async function plantBuckets({ users, buckets }: Seed, soil: BucketSoil): Promise<void> {
  for (const bucket of buckets) {
    const user = users[bucket.owner]
    try {
      await plant(bucket, user ? pubkeyOf(user) : '', soil)
    } catch (error) {
      const isKnown = error instanceof CallError || (error instanceof Error && 'code' in error)
      if (!isKnown) throw error
      const { message } = error instanceof CallError ? error.status : error
      throw new SetupError(
        `the seed: bucket ${JSON.stringify(bucket.name)} of ${bucket.owner}: ${message}`,
      )
    }
  }
}

async function plant(seeded: SeededBucket, owner: string, soil: BucketSoil): Promise<void> {
  const { name, thread, folder } = seeded
  const files = await listFiles(folder)
  const credentials = credentialsOf(owner, threadOf(owner, thread, soil), soil)
  const method = (path: string) => soil.domains.method(`/api.bucketsd.pb.APIService/${path}`)
  const [list] = await callLocally(method('List'), credentials, pb.ListResponse, [
    new pb.ListRequest(),
  ])
  if (list?.getRootsList().some((root) => root.getName() === name)) return
  const request = new pb.CreateRequest()
  request.setName(name)
  request.setPrivate(seeded.private)
  const [made] = await callLocally(method('Create'), credentials, pb.CreateResponse, [request])
  const key = made?.getRoot()?.getKey() ?? ''
  try {
    for (const file of files) {
      const requests = requestsFor(key, relative(folder, file).split(sep).join('/'), file)
      await callLocally(method('PushPath'), credentials, pb.PushPathResponse, requests)
    }
  } catch (error) {
    // Half of a bucket would pass for the whole at the next start.
    const removal = new pb.RemoveRequest()
    removal.setKey(key)
    await callLocally(method('Remove'), credentials, pb.RemoveResponse, [removal])
    throw error
  }
}

/** Paths of all files below a folder. */
async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

/** What pushes a file: a header, then its content. */
async function* requestsFor(key: string, path: string, file: string) {
  const header = new pb.PushPathRequest.Header()
  header.setKey(key)
  header.setPath(path)
  const first = new pb.PushPathRequest()
  first.setHeader(header)
  yield first
  for await (const chunk of createReadStream(file)) {
    const request = new pb.PushPathRequest()
    request.setChunk(chunk)
    yield request
  }
}

/** The ID of an owner's thread of a name; it is made where it is missing. */
function threadOf(owner: string, name: string, { databases, apiKey }: BucketSoil): string {
  const found = databases.registry.listOf(owner).find((thread) => thread.name === name)
  const details = { id: randomThreadId(), name, databaseName: name }
  return (found ?? databases.create(details, { owner, apiKey }).thread).id
}

function credentialsOf(
  owner: string,
  thread: string,
  { apiKey, issuer }: BucketSoil,
): LocalCredentials {
  const msg = new Date(Date.now() + SIGNATURE_MS).toISOString()
  const secret = decodeMultibase(apiKey.secret) ?? new Uint8Array()
  const metadata = new Map([
    ['x-textile-api-key', apiKey.key],
    ['x-textile-api-sig', signApiMessage(secret, msg)],
    ['x-textile-api-sig-msg', msg],
    ['x-textile-thread', thread],
    ['authorization', `bearer ${issuer.issue(owner)}`],
  ])
  return { metadata }
}
