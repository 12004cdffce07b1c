import { createHash } from 'node:crypto'
import { CID, type Version } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { sha256 } from 'multiformats/hashes/sha2'
import { Status } from '../../grpc/status.js'
import { CallError } from '../call.js'
import type { Store } from '../store/store.js'

const TABLES = ['CREATE TABLE blocks (digest BLOB PRIMARY KEY, bytes BLOB NOT NULL) STRICT']

/**
 * The blocks that buckets consist of, by the hash of their bytes: the part of IPFS that this Hub
 * has. Reads and writes are synchronous. It also serves UnixFS's importer and exporter.
 */
export class BlockStore {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
    store.migrate('blocks', TABLES)
  }

  /** Whether this Hub has a block. */
  has(cid: CID): boolean {
    const sql = 'SELECT 1 FROM blocks WHERE digest = $1'
    return this.#store.execute(sql, [cid.multihash.digest]).length > 0
  }

  /**
   * Reads a block.
   *
   * @throws CallError where this Hub doesn't have it; other than hubd, it asks no network for it
   */
  read(cid: CID): Uint8Array {
    const sql = 'SELECT bytes FROM blocks WHERE digest = $1'
    const [row] = this.#store.execute(sql, [cid.multihash.digest])
    if (row?.bytes instanceof Uint8Array) return row.bytes
    const message = `this Hub has no block ${cid}, and knows no other IPFS node`
    throw new CallError(Status.NotFound, message)
  }

  /**
   * Writes a block, unless it is there.
   *
   * @param codec - multicodec of the bytes: dag-pb or raw
   * @param version - of the CID
   * @returns its CID
   */
  write(bytes: Uint8Array, codec: number, version: Version): CID {
    const cid = cidOf(bytes, codec, version)
    this.put(cid, bytes)
    return cid
  }

  /** Writes a block whose CID is known. */
  put(cid: CID, bytes: unknown): CID {
    if (!(bytes instanceof Uint8Array)) throw new TypeError('blocks come in one piece')
    const sql = 'INSERT OR IGNORE INTO blocks (digest, bytes) VALUES ($1, $2)'
    this.#store.execute(sql, [cid.multihash.digest, bytes])
    return cid
  }

  /** Yields a block's bytes, in one piece. */
  *get(cid: CID): Generator<Uint8Array, void, undefined> {
    yield this.read(cid)
  }

  /** The digests of all blocks. */
  listDigests(): Uint8Array[] {
    const rows = this.#store.execute('SELECT digest FROM blocks')
    return rows.flatMap(({ digest }) => (digest instanceof Uint8Array ? [digest] : []))
  }

  /** Removes a block. */
  remove(digest: Uint8Array): void {
    this.#store.execute('DELETE FROM blocks WHERE digest = $1', [digest])
  }
}

/**
 * The CID of a block's bytes.
 *
 * @param codec - multicodec of the bytes: dag-pb or raw
 * @param version - of the CID
 */
export function cidOf(bytes: Uint8Array, codec: number, version: Version): CID {
  const digest = createHash('sha256').update(bytes).digest()
  return CID.create(version, codec, createDigest(sha256.code, digest))
}
