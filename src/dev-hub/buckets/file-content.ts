import { setImmediate as nextTurn } from 'node:timers/promises'
import { exporter } from 'ipfs-unixfs-exporter'
import { importer } from 'ipfs-unixfs-importer'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
import { balanced } from 'ipfs-unixfs-importer/layout'
import type { CID } from 'multiformats/cid'
import { Status } from '../../grpc/status.js'
import { CallError } from '../call.js'
import type { BlockStore } from './block-store.js'

/** The bytes of a file in one block, as go-ipfs cuts files. */
export const CHUNK_BYTES = 256 * 1024

/**
 * How much of a file is read at once, in bytes. The exporter reads all that it is asked for before
 * the first of it is taken.
 */
const SLICE_BYTES = 4 * CHUNK_BYTES

/** The links of a node in a large file, as go-ipfs lays files out. */
const MAX_LINKS = 174

/** A node of UnixFS: what a directory links to. */
export interface Entry {
  readonly cid: CID
  /** Bytes of all its blocks together, counted as often as they are linked to. */
  readonly size: number
}

/** A file's content. */
export interface FileContent {
  /** In bytes. */
  readonly size: number
  /**
   * Reads it, or the part from `offset` on.
   *
   * @param offset - in bytes; 0 unless given
   * @param length - in bytes; to the end unless given
   */
  read(offset?: number, length?: number): AsyncIterable<Uint8Array>
}

/**
 * Writes a file's blocks, with the same CIDs as hubd's IPFS node gives the same bytes. Few of its
 * bytes are in memory at any time.
 */
export async function writeFile(
  blocks: BlockStore,
  content: AsyncIterable<Uint8Array>,
): Promise<Entry> {
  const imports = importer([{ content }], blocks, {
    blockWriteConcurrency: 4,
    chunker: fixedSize({ chunkSize: CHUNK_BYTES }),
    cidVersion: 1,
    layout: balanced({ maxChildrenPerNode: MAX_LINKS }),
    rawLeaves: true,
    reduceSingleLeafToSelf: true,
  })
  for await (const { cid, size } of imports) return { cid, size: Number(size) }
  throw new Error('UnixFS made nothing of a file')
}

/**
 * Opens a file.
 *
 * @throws CallError where it is a directory or the Hub doesn't have it
 */
export async function openFile(blocks: BlockStore, cid: CID): Promise<FileContent> {
  blocks.read(cid)
  const entry = await exporter(cid, blocks)
  if (entry.type !== 'file' && entry.type !== 'raw') throw isDirectory()
  const size = Number(entry.type === 'file' ? entry.unixfs.fileSize() : entry.size)
  return {
    size,
    async *read(offset = 0, length = size - offset) {
      const end = offset + length
      for (let start = offset; start < end; ) {
        const next = Math.min(end, (Math.floor(start / SLICE_BYTES) + 1) * SLICE_BYTES)
        yield* entry.content({ offset: start, length: next - start, blockReadConcurrency: 1 })
        start = next
        // Reading is synchronous: others get their turn after each slice.
        await nextTurn()
      }
    },
  }
}

/** The error of who wants a directory's content, as hubd words it. */
export function isDirectory(): CallError {
  return new CallError(Status.Unknown, 'node is a directory')
}
