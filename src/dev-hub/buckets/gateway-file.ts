import { isUtf8 } from 'node:buffer'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import fresh from 'fresh'
import { contentType } from 'mime-types'
import type { CID } from 'multiformats/cid'
import parseRange from 'range-parser'
import type { FileContent } from './file-content.js'

/** How much of a file without a telling name is looked at, in bytes. */
const LOOK_BYTES = 4096

/** A file that the gateway shows. */
export interface ShownFile {
  /** Its extension tells its type. */
  readonly name: string
  readonly cid: CID
  readonly content: FileContent
}

/** Sends a file, or the range of it that was asked for, as fast as the browser takes it. */
export async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  { name, cid, content }: ShownFile,
): Promise<void> {
  const etag = `"${cid}"`
  response.setHeader('etag', etag)
  response.setHeader('accept-ranges', 'bytes')
  if (fresh(request.headers, { etag })) {
    response.writeHead(304).end()
    return
  }
  response.setHeader('content-type', contentType(name) || (await lookAt(content)))
  const range = readRange(request, etag, content.size)
  if (range === 'unsatisfiable') {
    response.writeHead(416, { 'content-range': `bytes */${content.size}` }).end()
    return
  }
  const { start, end } = range ?? { start: 0, end: content.size - 1 }
  response.statusCode = range ? 206 : 200
  if (range) response.setHeader('content-range', `bytes ${start}-${end}/${content.size}`)
  response.setHeader('content-length', end - start + 1)
  if (request.method === 'HEAD' || end < start) {
    response.end()
    return
  }
  await pipeline(Readable.from(content.read(start, end - start + 1)), response)
}

/**
 * Reads which range is asked for. Where it is several, or of another version of the file, all of
 * the file is the answer, as HTTP allows.
 */
function readRange(
  { headers }: IncomingMessage,
  etag: string,
  size: number,
): { readonly start: number; readonly end: number } | 'unsatisfiable' | undefined {
  const isOfAnother = headers['if-range'] !== undefined && headers['if-range'] !== etag
  if (headers.range === undefined || isOfAnother) return undefined
  const ranges = parseRange(size, headers.range)
  if (ranges === -1) return 'unsatisfiable'
  return typeof ranges === 'object' && ranges.type === 'bytes' && ranges.length === 1
    ? ranges[0]
    : undefined
}

/** The type of a file whose name doesn't tell: text, where it starts like text. */
async function lookAt(content: FileContent): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of content.read(0, Math.min(LOOK_BYTES, content.size))) chunks.push(chunk)
  const start = Buffer.concat(chunks)
  // A character that the end of the look cuts apart has up to four bytes.
  const isText = [0, 1, 2, 3].some((cut) => isUtf8(start.subarray(0, start.length - cut)))
  return isText && !start.includes(0) ? 'text/plain; charset=utf-8' : 'application/octet-stream'
}
