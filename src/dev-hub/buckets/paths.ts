import { code as DAG_PB } from '@ipld/dag-pb'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { sha256 } from 'multiformats/hashes/sha2'
import { Status } from '../../grpc/status.js'
import { CallError } from '../call.js'

/** The random file that makes each bucket unlike all others. No path may name it. */
export const SEED_NAME = '.textileseed'

/**
 * Reads a path within a bucket.
 *
 * @returns it without slashes at either end; the empty text for the root
 * @throws CallError where it leads out of the bucket
 */
export function readPath(path: string): string {
  const names = path.split('/').filter((name) => name !== '' && name !== '.')
  if (names.includes('..')) throw new CallError(Status.Unknown, 'a path may not contain ".."')
  return names.join('/')
}

/**
 * Reads a path that is to be changed.
 *
 * @throws CallError where it leads out of the bucket, or names the seed
 */
export function readChangeablePath(path: string): string {
  if (path.includes(SEED_NAME)) {
    throw new CallError(Status.Unknown, `paths containing ${SEED_NAME} are not allowed`)
  }
  return readPath(path)
}

/** The names that a path consists of. */
export function namesOf(path: string): string[] {
  return path === '' ? [] : path.split('/')
}

/** The path of what a directory has by a name. */
export function pathBelow(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`
}

/**
 * Reads the CID of a file or directory.
 *
 * @throws CallError where the text is none
 */
export function readCid(text: string): CID {
  const cid = parseCid(text)
  const isKnown = cid?.code === DAG_PB || cid?.code === raw.code
  if (!cid || !isKnown || cid.multihash.code !== sha256.code) {
    throw new CallError(Status.Unknown, 'this is no CID of a file or directory')
  }
  return cid
}

/**
 * Reads a path that starts with a CID: `/ipfs/<cid>/<path>`, where `/ipfs/` may be missing.
 *
 * @throws CallError where it doesn't
 */
export function readIpfsPath(text: string): { readonly root: CID; readonly path: string } {
  const [, cid = '', path = ''] = /^(?:\/?ipfs\/)?([^/]*)\/?(.*)$/.exec(text) ?? []
  return { root: readCid(cid), path: readPath(path) }
}

function parseCid(text: string): CID | undefined {
  try {
    return CID.parse(text)
  } catch {
    return undefined
  }
}
