import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { CID } from 'multiformats/cid'
import { CallError } from '../call.js'
import { asSeenBy } from './access.js'
import { rootPathOf } from './bucket.js'
import { findInIpfs, findReadable, openBucketFile } from './bucket-files.js'
import type { BucketTree } from './bucket-tree.js'
import type { BucketContext } from './context.js'
import { type FileContent, openFile } from './file-content.js'
import { sendFile } from './gateway-file.js'
import { renderDirectory } from './gateway-listing.js'
import { namesOf, readPath } from './paths.js'

/** How long a browser may take no more of a file, in ms. */
const IDLE_TIMEOUT_MS = 60_000

/** Sent with everything. What users stored may do nothing in the name of this address. */
const HEADERS = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, HEAD',
  'access-control-allow-headers': '*',
  'access-control-expose-headers': 'Accept-Ranges, Content-Length, Content-Range, ETag',
  'content-security-policy': 'sandbox',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** How long browsers may keep what they got, by whether it can change and who may see it. */
const CACHE_CONTROL = {
  immutable: 'public, max-age=31536000, immutable',
  changing: 'no-cache',
  private: 'private, no-store',
}

/** What an address leads to. */
interface Shown {
  readonly tree: BucketTree
  readonly cid: CID
  /** From the root on: `/ipfs/<cid>/<path>`. */
  readonly title: string
  readonly caching: keyof typeof CACHE_CONTROL
  readonly openFile: () => Promise<FileContent>
}

/**
 * Makes the gateway: it shows the files and directories of buckets to browsers, at
 * `/thread/<id>/buckets/<key>/<path>`, `/ipns/<key>/<path>` and `/ipfs/<cid>/<path>`. Private
 * buckets need a token, `?token=<token>`.
 */
export function createGateway(context: BucketContext): RequestListener {
  return (request, response) => {
    response.setTimeout(IDLE_TIMEOUT_MS, () => response.destroy())
    answer(context, request, response).catch((error: unknown) => {
      // What broke off in the middle must not look complete.
      if (response.headersSent) return response.destroy()
      if (error instanceof CallError) return sendText(response, 404, error.message)
      return sendText(response, 500, 'an error inside the development Hub')
    })
  }
}

async function answer(
  context: BucketContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value)
  if (request.method === 'OPTIONS') {
    response.writeHead(204).end()
    return
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD, OPTIONS')
    return sendText(response, 405, 'the gateway only shows')
  }
  const url = readUrl(request)
  if (!url) return sendText(response, 400, 'the address is malformed')
  const shown = find(context, url)
  if (!shown) return sendText(response, 404, 'This is the gRPC-web endpoint of a development Hub.')
  response.setHeader('cache-control', CACHE_CONTROL[shown.caching])
  const directory = shown.tree.open(shown.cid)
  if (directory) {
    const page = renderDirectory(directory, shown.title, (name) => addressBelow(url, name))
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.end(request.method === 'HEAD' ? undefined : page)
    return
  }
  const name = url.query.get('filename') ?? url.names.at(-1) ?? ''
  await sendFile(request, response, {
    name,
    cid: shown.cid,
    content: await shown.openFile(),
  })
}

/** An address on the gateway. */
interface GatewayUrl {
  /** The names of its path, decoded. */
  readonly names: readonly string[]
  readonly query: URLSearchParams
}

/** @returns `undefined` where the address is malformed */
function readUrl(request: IncomingMessage): GatewayUrl | undefined {
  try {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://gateway')
    const names = pathname.split('/').filter((name) => name !== '')
    return { names: names.map(decodeURIComponent), query: searchParams }
  } catch {
    return undefined
  }
}

/** The address of what a directory has by a name. */
function addressBelow({ names, query }: GatewayUrl, name: string): string {
  const path = [...names, name].map((part) => `/${encodeURIComponent(part)}`).join('')
  const token = query.get('token')
  return token ? `${path}?token=${encodeURIComponent(token)}` : path
}

/**
 * Finds what an address leads to.
 *
 * @returns `undefined` where it is none of the gateway's
 * @throws CallError where it leads nowhere, or the token doesn't allow it
 */
function find(context: BucketContext, { names, query }: GatewayUrl): Shown | undefined {
  const [kind, ...rest] = names
  if (kind === 'ipfs') return showIpfs(context, rest)
  if (kind === 'ipns') return showBucket(context, rest, query)
  const [thread, collection, ...inBucket] = rest
  if (kind !== 'thread' || collection !== 'buckets') return undefined
  return showBucket(context, inBucket, query, thread)
}

function showIpfs({ blocks }: BucketContext, names: readonly string[]): Shown {
  const { tree, cid } = findInIpfs(blocks, names.join('/'))
  return {
    tree,
    cid,
    title: `/${['ipfs', ...names].join('/')}`,
    caching: 'immutable',
    openFile: () => openFile(blocks, cid),
  }
}

function showBucket(
  { buckets, blocks, authorization }: BucketContext,
  [key = '', ...names]: readonly string[],
  query: URLSearchParams,
  thread?: string,
): Shown | undefined {
  const token = query.get('token')
  const user = token ? authorization.userOf(token) : ''
  const bucket = asSeenBy(buckets.get(key), user)
  if (thread !== undefined && thread !== bucket.thread) return undefined
  const path = readPath(names.join('/'))
  const { tree, cid } = findReadable(blocks, bucket, path)
  return {
    tree,
    cid,
    title: [rootPathOf(bucket), ...namesOf(path)].join('/'),
    caching: bucket.linkKey ? 'private' : 'changing',
    openFile: () => openBucketFile(blocks, bucket, path),
  }
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'cache-control': 'no-store',
    'content-type': 'text/plain; charset=utf-8',
  })
  response.end(`${text}\n`)
}
