import pb from '@textile/buckets-grpc/api/bucketsd/pb/bucketsd_pb.js'
import { type Bucket, type PathMetadata, rootPathOf } from './bucket.js'
import { namesOf } from './paths.js'

/** The version of hubd's format of buckets that this Hub speaks. */
const VERSION = 1

/** Describes a bucket as the user sees it. */
export function toRoot(bucket: Bucket): pb.Root {
  const root = new pb.Root()
  root.setKey(bucket.key)
  root.setName(bucket.name)
  root.setPath(rootPathOf(bucket))
  root.setCreatedAt(bucket.createdAt)
  root.setUpdatedAt(bucket.updatedAt)
  root.setThread(bucket.thread)
  root.setOwner(bucket.owner)
  root.setVersion(VERSION)
  const ofRoot = bucket.metadata.get('')
  if (ofRoot) root.setMetadata(toMetadata(ofRoot))
  root.setLinkKey(bucket.linkKey ? toBase64(bucket.linkKey) : '')
  for (const [path, metadata] of sorted(bucket.metadata)) {
    root.getPathMetadataMap().set(path, toMetadata(metadata))
  }
  const archives = new pb.Archives()
  archives.setCurrent(new pb.Archive())
  root.setArchives(archives)
  return root
}

/** Describes what is known of a path. */
export function toMetadata({ roles, updatedAt, key }: PathMetadata): pb.Metadata {
  const metadata = new pb.Metadata()
  for (const [who, role] of roles) metadata.getRolesMap().set(who, role)
  metadata.setUpdatedAt(updatedAt)
  metadata.setKey(key ? toBase64(key) : '')
  return metadata
}

/**
 * Makes the addresses at which the gateway shows a path of a bucket.
 *
 * @param url - the gateway's, without a slash at the end
 * @param token - of the user, which opens private buckets and only there is part of the addresses
 */
export function toLinks(
  url: string,
  bucket: Bucket,
  path: string,
  token: string,
): pb.LinksResponse {
  const encodedPath = namesOf(path)
    .map((name) => `/${encodeURIComponent(name)}`)
    .join('')
  const end = bucket.linkKey ? `${encodedPath}?token=${token}` : encodedPath
  const links = new pb.LinksResponse()
  links.setUrl(`${url}/thread/${bucket.thread}/buckets/${bucket.key}${end}`)
  links.setIpns(`${url}/ipns/${bucket.key}${end}`)
  return links
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}

function sorted<Value>(map: ReadonlyMap<string, Value>): [string, Value][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1))
}
