import type { CID } from 'multiformats/cid'
import { nextMod } from '../threads/instance.js'
import { namesOf } from './paths.js'

/** What a user may do with a path: nothing, read, write (overwrite), or also remove and share. */
export const Role = { None: 0, Reader: 1, Writer: 2, Admin: 3 } as const

/** One of `Role`; its numbers are those of the SDK's `PathAccessRole`. */
export type Role = (typeof Role)[keyof typeof Role]

/** Stands for everyone among those who have a role. */
export const EVERYONE = '*'

/** What is known of a path: of its own, as opposed to what it inherits from directories above. */
export interface PathMetadata {
  /** Roles by public key, or `EVERYONE`. */
  readonly roles: ReadonlyMap<string, Role>
  /** In nanoseconds since 1970, rounded to what a number holds. */
  readonly updatedAt: number
  /** What files at and below the path are encrypted with in a private bucket: 64 bytes. */
  readonly key?: Uint8Array
}

/** A bucket, as it is stored. */
export interface Bucket {
  /** What it is called by: text of a CID, as hubd's keys are. */
  readonly key: string
  /** ID of its thread: multibase base32. */
  readonly thread: string
  /** Public key of its owner; empty where an account key made it: then everyone may do everything. */
  readonly owner: string
  readonly name: string
  /** Its root directory. */
  readonly root: CID
  /** What its directories are encrypted with, where it is private: 64 bytes. */
  readonly linkKey: Uint8Array | undefined
  /** By path, without a slash at either end; the root's is the empty one. */
  readonly metadata: ReadonlyMap<string, PathMetadata>
  /** In nanoseconds since 1970, rounded to what a number holds. */
  readonly createdAt: number
  readonly updatedAt: number
}

/** The path of a bucket's root, as hubd writes it: it changes whenever the bucket does. */
export function rootPathOf({ root }: Bucket): string {
  return `/ipfs/${root}`
}

/** The time in nanoseconds since 1970, rounded to what a number holds. */
export function now(): number {
  return Number(nextMod())
}

/**
 * Finds what is known of a path, or of the nearest directory above of which something is.
 *
 * @param hasKey - passes over what has no key for files
 * @returns it and where it was found, or `undefined` where nothing is
 */
export function findMetadata(
  { metadata }: Bucket,
  path: string,
  hasKey = false,
): { readonly at: string; readonly found: PathMetadata } | undefined {
  for (const at of withDirectoriesAbove(path)) {
    const found = metadata.get(at)
    if (found && (!hasKey || found.key)) return { at, found }
  }
  return undefined
}

/** A copy of a bucket with what is known of a path renewed, and nothing of what is below it. */
export function touch(bucket: Bucket, path: string, updatedAt: number): Bucket {
  const metadata = new Map(forgetBelow(bucket, path).metadata)
  metadata.set(path, { roles: new Map(), ...metadata.get(path), updatedAt })
  return { ...bucket, metadata, updatedAt }
}

/** A copy of a bucket without what is known of a path and of what is below it. */
export function forget(bucket: Bucket, path: string, updatedAt: number): Bucket {
  const metadata = new Map(forgetBelow(bucket, path).metadata)
  metadata.delete(path)
  return { ...bucket, metadata, updatedAt }
}

/** A copy of a bucket without what is known of the paths below a path. */
export function forgetBelow(bucket: Bucket, path: string): Bucket {
  const metadata = new Map(bucket.metadata)
  for (const at of pathsBelow(bucket, path)) metadata.delete(at)
  return { ...bucket, metadata }
}

/** The paths below a path of which something is known. */
export function pathsBelow({ metadata }: Bucket, path: string): string[] {
  return [...metadata.keys()].filter((at) => at !== path && isBelow(at, path))
}

/** Whether a path is another or below it. */
export function isBelow(path: string, above: string): boolean {
  return above === '' || path === above || path.startsWith(`${above}/`)
}

/** A path, then the directories that it is in, up to the root. */
export function withDirectoriesAbove(path: string): string[] {
  const names = namesOf(path)
  return [path, ...names.map((_, index) => names.slice(0, -index - 1).join('/'))]
}
