import * as dagPb from '@ipld/dag-pb'
import { UnixFS } from 'ipfs-unixfs'
import type { CID, Version } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { Status } from '../../grpc/status.js'
import { CallError } from '../call.js'
import { type BlockStore, cidOf } from './block-store.js'
import { decryptBytes, encryptBytes } from './encryption.js'
import type { Entry } from './file-content.js'

/** A directory: its links have names. */
export interface Directory {
  readonly links: readonly dagPb.PBLink[]
  /** Of the directory as it is, encrypted or not, as hubd lists it. */
  readonly listed: Entry
}

/**
 * Reads and writes directories, as they are or encrypted with a bucket's link key. A change makes
 * new directories from the changed one up to the root; nothing is overwritten.
 */
export class BucketTree {
  readonly #blocks: BlockStore
  readonly #linkKey: Uint8Array | undefined

  /** @param linkKey - 64 bytes, of a private bucket */
  constructor(blocks: BlockStore, linkKey?: Uint8Array) {
    this.#blocks = blocks
    this.#linkKey = linkKey
  }

  /** Whether directories are encrypted, and so their files. */
  get isEncrypted(): boolean {
    return this.#linkKey !== undefined
  }

  /**
   * Opens a directory.
   *
   * @returns the directory, or `undefined` where there is a file
   * @throws CallError where this Hub doesn't have it
   */
  open(cid: CID): Directory | undefined {
    const block = this.#blocks.read(cid)
    if (cid.code !== dagPb.code) return undefined
    const { unixfs, ...node } = decode(block)
    if (unixfs.isDirectory())
      return { links: node.Links, listed: { cid, size: sizeOf(block, node) } }
    // The root of a large file has links; an encrypted directory is a small file.
    if (!this.#linkKey || !unixfs.data) return undefined
    const plainBlock = decryptBytes(unixfs.data, this.#linkKey)
    const plain = decode(plainBlock)
    return {
      links: plain.Links,
      // The plain directory is stored nowhere, yet it is its CID that hubd lists.
      listed: { cid: cidOf(plainBlock, dagPb.code, 1), size: sizeOf(plainBlock, plain) },
    }
  }

  /** The entry that a name leads to. */
  find(directory: Directory, name: string): Entry | undefined {
    const link = directory.links.find(({ Name }) => Name === name)
    return link && { cid: link.Hash, size: link.Tsize ?? 0 }
  }

  /**
   * Follows a path.
   *
   * @param root - where it starts
   * @returns what it leads to, or `undefined` where it leads nowhere
   */
  lookUp(root: CID, path: readonly string[]): CID | undefined {
    return this.#follow(root, path).cid
  }

  /**
   * Follows a path.
   *
   * @param root - where it starts
   * @throws CallError where it leads nowhere
   */
  resolve(root: CID, path: readonly string[]): CID {
    const { cid, last, missing } = this.#follow(root, path)
    if (cid) return cid
    throw new CallError(Status.Unknown, `no link named "${missing}" under ${last}`)
  }

  /**
   * Makes a directory that holds the entries.
   *
   * @param version - of its CID, where it is not encrypted
   */
  create(entries: Iterable<readonly [name: string, Entry]>, version: Version): Entry {
    return this.#write([...entries].map(toLink), version)
  }

  /**
   * Puts an entry at a path, in place of what is there. Missing directories are made.
   *
   * @param path - at least one name
   * @returns the new root
   * @throws CallError where the path leads through a file
   */
  put(root: CID, path: readonly string[], entry: Entry): Entry {
    const [name = '', ...rest] = path
    const directory = this.#openExisting(root)
    if (rest.length === 0) return this.#withLink(root, directory, [name, entry])
    const child = this.find(directory, name)
    const made = child ? this.put(child.cid, rest, entry) : this.#wrap(rest, entry)
    return this.#withLink(root, directory, [name, made])
  }

  /**
   * Removes what is at a path.
   *
   * @param path - at least one name
   * @returns the new root
   * @throws CallError where nothing is there
   */
  remove(root: CID, path: readonly string[]): Entry {
    const [name = '', ...rest] = path
    const directory = this.#openExisting(root)
    const child = this.find(directory, name)
    if (!child) throw new CallError(Status.Unknown, 'no link by that name')
    if (rest.length > 0)
      return this.#withLink(root, directory, [name, this.remove(child.cid, rest)])
    const links = directory.links.filter(({ Name }) => Name !== name)
    return this.#write(links, root.version)
  }

  /** The bytes that a directory or file takes up, with all that is below it. */
  sizeOf(cid: CID): number {
    const block = this.#blocks.read(cid)
    if (cid.code !== dagPb.code) return block.length
    const directory = this.#linkKey && this.open(cid)
    if (!directory) return sizeOf(block, decode(block))
    return directory.links.reduce((size, { Hash, Tsize = 0 }) => {
      return size + (Hash.code === dagPb.code ? this.sizeOf(Hash) : Tsize)
    }, block.length)
  }

  /** Yields the CIDs of all blocks of a directory or file. */
  *walk(cid: CID): Generator<CID> {
    yield cid
    if (cid.code === raw.code || !this.#blocks.has(cid)) return
    const links = this.open(cid)?.links ?? decode(this.#blocks.read(cid)).Links
    for (const { Hash } of links) yield* this.walk(Hash)
  }

  #follow(root: CID, path: readonly string[]): { cid?: CID; last: CID; missing?: string } {
    let last = root
    for (const name of path) {
      const directory = this.open(last)
      const entry = directory && this.find(directory, name)
      if (!entry) return { last, missing: name }
      last = entry.cid
    }
    return { cid: last, last }
  }

  #openExisting(cid: CID): Directory {
    const directory = this.open(cid)
    if (!directory) throw new CallError(Status.Unknown, 'the path leads through a file')
    return directory
  }

  #wrap(path: readonly string[], entry: Entry): Entry {
    // go-ipfs, which hubd stores with, gives directories that it makes on the way a CID of version 0.
    return path.reduceRight((child, name) => this.create([[name, child]], 0), entry)
  }

  #withLink(cid: CID, directory: Directory, entry: readonly [name: string, Entry]): Entry {
    const others = directory.links.filter(({ Name }) => Name !== entry[0])
    return this.#write([...others, toLink(entry)], cid.version)
  }

  #write(links: dagPb.PBLink[], version: Version): Entry {
    const node = dagPb.prepare({ Data: EMPTY_DIRECTORY, Links: links })
    const block = dagPb.encode(node)
    if (!this.#linkKey) {
      return { cid: this.#blocks.write(block, dagPb.code, version), size: sizeOf(block, node) }
    }
    const data = encryptBytes(block, this.#linkKey)
    const wrapper = dagPb.encode({ Data: new UnixFS({ type: 'file', data }).marshal(), Links: [] })
    return { cid: this.#blocks.write(wrapper, dagPb.code, 1), size: wrapper.length }
  }
}

const EMPTY_DIRECTORY = new UnixFS({ type: 'directory' }).marshal()

function toLink([name, { cid, size }]: readonly [name: string, Entry]): dagPb.PBLink {
  return { Name: name, Hash: cid, Tsize: size }
}

/** Bytes of a node and of all that it links to. */
function sizeOf(block: Uint8Array, node: dagPb.PBNode): number {
  return node.Links.reduce((size, { Tsize = 0 }) => size + Tsize, block.length)
}

/** @throws CallError where the bytes are no node of UnixFS */
function decode(block: Uint8Array): dagPb.PBNode & { readonly unixfs: UnixFS } {
  try {
    const node = dagPb.decode(block)
    return { ...node, unixfs: UnixFS.unmarshal(node.Data ?? new Uint8Array()) }
  } catch {
    throw new CallError(Status.Unknown, 'this block is no file or directory')
  }
}
