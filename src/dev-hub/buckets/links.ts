import pb from '@textile/buckets-grpc/api/bucketsd/pb/bucketsd_pb.js'
import type { Bucket } from './bucket.js'
import { namesOf } from './paths.js'

/**
 * Makes the addresses at which the gateway shows a path of a bucket.
 *
 * @param url - the gateway's, without a slash at the end
 * @param token - of the user, which opens private buckets and only there is part of the addresses
 */
export function createLinks(
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
