import * as dagPb from '@ipld/dag-pb'
import { UnixFS } from 'ipfs-unixfs'
import { CID } from 'multiformats/cid'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { cidOf } from '../../../src/dev-hub/buckets/block-store.js'
import { type DevHub, startDevHub } from '../../../src/dev-hub/hub.js'
import { createApiKey } from '../../../src/dev-hub/login/api-keys.js'
import { loggedIn } from '../logged-in.js'
import { withBucket } from './with-bucket.js'

const apiKey = createApiKey()
let hub: DevHub

beforeEach(async () => {
  hub = await startDevHub({ apiKeys: [apiKey] })
  onTestFinished(() => hub.close())
})

/** A bucket with files, and the address at which the gateway shows it. */
async function shown(options: { encrypted?: boolean } = {}) {
  const bucket = await withBucket(hub, apiKey, options)
  const { url, ipns } = await bucket.buckets.links(bucket.key)
  return { ...bucket, url, ipns }
}

/** What the gateway answers, in short. */
async function get(url: string, headers: Record<string, string> = {}, method = 'GET') {
  const response = await fetch(url, { headers, method })
  const body = Buffer.from(await response.arrayBuffer())
  return { status: response.status, headers: response.headers, body, text: body.toString() }
}

const LARGE = Buffer.from(Array.from({ length: 600_000 }, (_, index) => index % 251))

describe.each([
  ['public', false],
  ['private', true],
])('the gateway, for a %s bucket,', (_, encrypted) => {
  it('shows a file at the address that links() gives, without an account', async () => {
    const { buckets, key, push, ipns } = await shown({ encrypted })
    await push('a b/ü#?.html', '<h1>hello</h1>')
    const links = await buckets.links(key, 'a b/ü#?.html')
    for (const url of [links.url, links.ipns]) {
      const { status, text, headers } = await get(url)
      expect({ status, text }).toEqual({ status: 200, text: '<h1>hello</h1>' })
      expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
    }
    expect(new URL(ipns).pathname).toBe(`/ipns/${key}`)
  })

  it('sends what keeps users’ files from doing harm, with everything', async () => {
    const { url, push } = await shown({ encrypted })
    await push('a.html', '<script>alert(1)</script>')
    const file = url.replace(/(\?|$)/, '/a.html$1')
    for (const address of [url, file, `${file}&x`, `${hub.url}/nope`]) {
      const { headers } = await get(address)
      expect(headers.get('content-security-policy')).toBe('sandbox')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      expect(headers.get('access-control-allow-origin')).toBe('*')
      expect(headers.get('set-cookie')).toBeNull()
    }
  })

  it.each([
    ['bytes=0-9', 206, [0, 10]],
    ['bytes=262140-262150', 206, [262_140, 262_151]],
    ['bytes=-5', 206, [599_995, 600_000]],
    ['bytes=599990-', 206, [599_990, 600_000]],
    ['bytes=600000-', 416, [0, 0]],
    ['bytes=0-1,5-6', 200, [0, 600_000]],
    ['lines=1-2', 200, [0, 600_000]],
  ] as const)('sends the range %s', async (range, status, [start, end]) => {
    const { buckets, key, push } = await shown({ encrypted })
    await push('large.bin', LARGE)
    const { url } = await buckets.links(key, 'large.bin')
    const answer = await get(url, { range })
    expect(answer.status).toBe(status)
    expect(answer.body.equals(LARGE.subarray(start, end))).toBe(true)
    if (status === 206) {
      expect(answer.headers.get('content-range')).toBe(`bytes ${start}-${end - 1}/600000`)
    }
  })

  it('lists a directory, whatever its names', async () => {
    const { buckets, key, push } = await shown({ encrypted })
    const name = '"><script>alert(1)'
    await push(`dir/${name}`, 'x')
    await push('dir/sub/y', 'y')
    const { url } = await buckets.links(key, 'dir')
    const { text, headers } = await get(url)
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(text).not.toContain('<script>')
    const addresses = [...text.matchAll(/<a href="([^"]+)">/g)].map(([, href = '']) => href)
    const contents = await Promise.all(addresses.map((href) => get(`${hub.url}${href}`)))
    expect(contents.map(({ status }) => status)).toEqual([200, 200])
    expect(contents[0]?.text).toBe('x')
  })

  it('answers HEAD as GET, without the file', async () => {
    const { buckets, key, push } = await shown({ encrypted })
    await push('a.png', LARGE)
    const { url } = await buckets.links(key, 'a.png')
    const { status, body, headers } = await get(url, {}, 'HEAD')
    expect({ status, length: body.length }).toEqual({ status: 200, length: 0 })
    expect(headers.get('content-length')).toBe('600000')
    expect(headers.get('content-type')).toBe('image/png')
  })

  it('tells what a browser has already', async () => {
    const { buckets, key, push } = await shown({ encrypted })
    await push('a.txt', 'one')
    const { url } = await buckets.links(key, 'a.txt')
    const etag = (await get(url)).headers.get('etag') ?? ''
    // Unless told otherwise, fetch asks for no caching.
    const known = { 'if-none-match': etag, 'cache-control': 'max-age=0' }
    expect((await get(url, known)).status).toBe(304)
    const range = { range: 'bytes=1-1', 'if-range': etag }
    expect((await get(url, range)).text).toBe('n')
    await push('a.txt', 'two')
    expect((await get(url, known)).text).toBe('two')
    expect((await get(url, range)).text).toBe('two')
  })
})

describe('the gateway', () => {
  it.each([
    ['a.txt', 'plain', 'text/plain; charset=utf-8'],
    ['a.css', 'p {}', 'text/css; charset=utf-8'],
    ['a.js', 'x', 'text/javascript; charset=utf-8'],
    ['a.svg', '<svg/>', 'image/svg+xml'],
    ['a.wasm', 'x', 'application/wasm'],
    ['README', 'plain, ünicode', 'text/plain; charset=utf-8'],
    ['data', Buffer.from([1, 0, 255]), 'application/octet-stream'],
    ['empty', '', 'text/plain; charset=utf-8'],
  ])('tells the type of %s', async (name, content, type) => {
    const { buckets, key, push } = await shown()
    await push(name, content)
    const { url } = await buckets.links(key, name)
    expect((await get(url)).headers.get('content-type')).toBe(type)
  })

  it('shows what has a CID', async () => {
    const { buckets, key, push } = await shown()
    await push('a/b.txt', 'hello world')
    const path = (await buckets.root(key))?.path ?? ''
    const { status, text, headers } = await get(`${hub.url}${path}/a/b.txt`)
    expect({ status, text }).toEqual({ status: 200, text: 'hello world' })
    expect(headers.get('cache-control')).toContain('immutable')
    const cid = 'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e'
    const file = await get(`${hub.url}/ipfs/${cid}?filename=a.css`)
    expect(file.headers.get('content-type')).toBe('text/css; charset=utf-8')
    expect((await get(`${hub.url}${path}`)).text).toContain('<a href=')
  })

  it('shows a private bucket to those who may read it, and nobody else', async () => {
    const { buckets, key, push, url } = await shown({ encrypted: true })
    await push('a.txt', 'secret')
    const file = (await buckets.links(key, 'a.txt')).url
    const guest = await loggedIn(hub, apiKey)
    const asGuest = file.replace(/token=.*/, `token=${guest.token}`)
    for (const address of [file.replace(/\?.*/, ''), asGuest, url.replace(/\?.*/, '')]) {
      const { status, text } = await get(address)
      expect(status).toBe(404)
      expect(text).not.toContain('secret')
    }
    const forged = file.slice(0, -8).concat('AAAAAAAA')
    expect((await get(forged)).text).toBe('invalid thread token\n')
    await buckets.pushPathAccessRoles(key, 'a.txt', new Map([[guest.pubkey, 1]]))
    expect((await get(asGuest)).text).toBe('secret')
    expect((await get(asGuest)).headers.get('cache-control')).toBe('private, no-store')
  })

  it.each([
    ['/', 404],
    ['/thread/x/buckets', 404],
    ['/thread/x/buckets/y/z', 404],
    ['/thread/x/inbox/y', 404],
    ['/ipfs/nope', 404],
    ['/ipfs/QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn', 404],
    ['/ipns/nope/..%2f..%2fx', 404],
    ['/ipfs/%E0%A4%A', 400],
  ])('answers %s with %i', async (path, status) => {
    expect((await get(`${hub.url}${path}`)).status).toBe(status)
  })

  it('only shows', async () => {
    const { url } = await shown()
    expect((await get(url, {}, 'POST')).status).toBe(405)
    expect((await get(url, {}, 'OPTIONS')).status).toBe(204)
  })

  it('doesn’t show a bucket in another thread than its own', async () => {
    const { url, thread } = await shown()
    expect((await get(url.replace(thread, `${thread}x`))).status).toBe(404)
  })

  it('cuts off a file of which a later part is missing, and goes on', async () => {
    const { push, url } = await shown()
    const part = Buffer.alloc(256 * 1024)
    const { path } = await push('part', part)
    const present = CID.parse(path.cid.toString())
    const missing = cidOf(Buffer.from('nobody has pushed this'), present.code, 1)
    const parts = [present, present, present, present, missing]
    const unixfs = new UnixFS({ type: 'file', blockSizes: parts.map(() => BigInt(part.length)) })
    const node = dagPb.prepare({ Data: unixfs.marshal(), Links: parts.map((Hash) => ({ Hash })) })
    const block = Buffer.from(dagPb.encode(node))
    await push('node', block)
    const file = `${hub.url}/ipfs/${cidOf(block, dagPb.code, 1)}?filename=a.bin`
    await expect(get(file)).rejects.toThrow('terminated')
    expect((await get(url)).status).toBe(200)
  })
})
