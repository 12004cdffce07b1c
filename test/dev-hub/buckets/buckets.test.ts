import { type Buckets, ThreadID } from '@textile/hub'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { type DevHub, startDevHub } from '../../../src/dev-hub/hub.js'
import { createApiKey } from '../../../src/dev-hub/login/api-keys.js'
import { dataFolder } from '../../support/data-folder.js'
import { loggedIn } from '../logged-in.js'
import { pathsOf, pull, pushPath, withBucket } from './with-bucket.js'

const apiKey = createApiKey()
let hub: DevHub

beforeEach(async () => {
  hub = await startDevHub({ apiKeys: [apiKey] })
  onTestFinished(() => hub.close())
})

describe.each([
  ['public', false],
  ['private', true],
])('a %s bucket, by the unmodified SDK', (_, encrypted) => {
  it('is found again by its name', async () => {
    const { buckets, key } = await withBucket(hub, apiKey, { encrypted })
    expect((await buckets.getOrCreate('files')).root?.key).toBe(key)
    expect(await buckets.list()).toMatchObject([{ key, name: 'files' }])
    expect(await buckets.existing()).toMatchObject([{ key }])
  })

  it.each([
    ['nothing', 0],
    ['a byte', 1],
    ['a block', 262_144],
    ['more than a block', 262_145],
    ['many blocks', 3_000_000],
  ])('gives back the file that was pushed: %s', async (_name, size) => {
    const { buckets, key } = await withBucket(hub, apiKey, { encrypted })
    const content = Buffer.alloc(size, 'The quick brown fox')
    const progress: number[] = []
    await buckets.pushPath(
      key,
      'a/b.bin',
      { path: 'a/b.bin', content },
      {
        progress: (bytes) => progress.push(bytes ?? 0),
      },
    )
    expect(progress.at(-1)).toBe(size)
    expect(await pull(buckets, key, 'a/b.bin')).toBe(content.toString())
  })

  it('takes several files at once', async () => {
    const { buckets, key } = await withBucket(hub, apiKey, { encrypted })
    const files = Array.from({ length: 30 }, (_, index) => ({
      path: `d${index % 3}/f${index}.txt`,
      content: Buffer.from(`content ${index} `.repeat(500)),
    }))
    const pushed: string[] = []
    for await (const { path } of buckets.pushPaths(key, files)) pushed.push(path ?? '')
    expect(pushed.sort()).toEqual(files.map(({ path }) => path).sort())
    for (const { path, content } of files) {
      expect(await pull(buckets, key, path)).toBe(content.toString())
    }
  })

  it('moves files and directories', async () => {
    const { buckets, key, push } = await withBucket(hub, apiKey, { encrypted })
    await push('a/one.txt', 'one')
    await push('a/b/two.txt', 'two')
    await push('c.txt', 'three')
    await buckets.movePath(key, 'c.txt', 'a/b')
    await buckets.movePath(key, 'a', 'moved')
    const expected = ['moved', 'moved/b', 'moved/b/c.txt', 'moved/b/two.txt', 'moved/one.txt']
    expect(await pathsOf(buckets, key)).toEqual(expected)
    expect(await pull(buckets, key, 'moved/b/c.txt')).toBe('three')
    await buckets.movePath(key, 'moved/b', '/')
    expect(await pull(buckets, key, 'b/two.txt')).toBe('two')
  })

  it('replaces, sets and removes', async () => {
    const { buckets, key, push } = await withBucket(hub, apiKey, { encrypted })
    await push('a.txt', 'one')
    await push('a.txt', 'two')
    expect(await pull(buckets, key, 'a.txt')).toBe('two')
    await push('dir/b.txt', 'three')
    await buckets.removePath(key, 'dir')
    await expect(pull(buckets, key, 'dir/b.txt')).rejects.toThrow('no link named "dir"')
    const other = await buckets.create('other')
    await buckets.pushPath(other.root?.key ?? '', 'x/y.txt', {
      path: 'x/y.txt',
      content: Buffer.from('from elsewhere'),
    })
    const listed = await buckets.listPath(other.root?.key ?? '', '')
    await buckets.setPath(key, 'set', listed.item?.cid ?? '')
    expect(await pull(buckets, key, 'set/x/y.txt')).toBe('from elsewhere')
    await buckets.setPath(key, '', listed.item?.cid ?? '')
    expect(await pathsOf(buckets, key)).toEqual(['x', 'x/y.txt'])
    const copied = await buckets.create('copied', { encrypted, cid: listed.item?.cid ?? '' })
    expect(await pull(buckets, copied.root?.key ?? '', 'x/y.txt')).toBe('from elsewhere')
  })

  it('goes, and then its thread may', async () => {
    const { client, buckets, key, thread } = await withBucket(hub, apiKey, { encrypted })
    const database = ThreadID.fromString(thread)
    await expect(client.deleteDB(database)).rejects.toThrow('DB not empty (delete buckets first)')
    await buckets.remove(key)
    await expect(buckets.root(key)).rejects.toThrow('instance not found')
    await client.deleteDB(database)
  })

  it('refuses a push onto a root that it has no longer', async () => {
    const { buckets, key, push, metadata } = await withBucket(hub, apiKey, { encrypted })
    const old = await buckets.root(key)
    await push('a.txt', 'one')
    const stale = { key, path: 'b.txt', content: Buffer.from('two'), root: old?.path ?? '' }
    const { status } = await pushPath(hub, metadata, stale)
    expect(status).toEqual({ code: 9, message: 'update is non-fast-forward' })
    const removing = buckets.removePath(key, 'a.txt', { root: old?.path ?? '' })
    await expect(removing).rejects.toThrow('update is non-fast-forward')
    expect(await pathsOf(buckets, key)).toEqual(['a.txt'])
  })

  it('keeps both of two pushes that don’t mind the root', async () => {
    const { buckets, key, metadata } = await withBucket(hub, apiKey, { encrypted })
    const content = Buffer.alloc(500_000, 1)
    const push = (path: string) => pushPath(hub, metadata, { key, path, content })
    const records = await Promise.all(['a.bin', 'b.bin'].map(push))
    expect(records.map(({ status }) => status?.code)).toEqual([0, 0])
    expect(await pathsOf(buckets, key)).toEqual(['a.bin', 'b.bin'])
  })

  it('is there when the Hub has started again', async () => {
    const dataDir = await dataFolder()
    const start = () => startDevHub({ apiKeys: [apiKey], dataDir })
    const first = await start()
    const user = await loggedIn(first, apiKey)
    const { root } = await user.buckets.getOrCreate('files', { encrypted })
    const key = root?.key ?? ''
    const content = Buffer.alloc(700_000, 'persist')
    await user.buckets.pushPath(key, 'a/b.bin', { path: 'a/b.bin', content })
    await user.buckets.pushPath(key, 'gone.txt', { path: 'gone.txt', content: Buffer.from('x') })
    await user.buckets.removePath(key, 'gone.txt')
    await first.close()
    const second = await start()
    onTestFinished(() => second.close())
    const { buckets } = await loggedIn(second, apiKey, user.identity)
    await buckets.getOrCreate('files')
    expect(await pull(buckets, key, 'a/b.bin')).toBe(content.toString())
    expect(await pathsOf(buckets, key)).toEqual(['a', 'a/b.bin'])
  })

  it.each<[string, (buckets: Buckets, key: string) => Promise<unknown>, string]>([
    ['to move the root', (b, key) => b.movePath(key, '', 'x'), 'root cannot be moved'],
    ['to move onto itself', (b, key) => b.movePath(key, 'a', '/a/'), 'path is destination'],
    ['to move nothing', (b, key) => b.movePath(key, 'nope', 'x'), 'no link named "nope"'],
    [
      'to move a directory onto a file',
      (b, key) => b.movePath(key, 'a', 'f.txt'),
      'destination is not a directory',
    ],
    ['to leave the bucket', (b, key) => b.listPath(key, '../..'), 'may not contain ".."'],
    ['to touch the seed', (b, key) => b.removePath(key, '.textileseed'), 'are not allowed'],
    ['to set what is no CID', (b, key) => b.setPath(key, 'x', 'Qm'), 'no CID'],
    [
      'to set what this Hub lacks',
      (b, key) => b.setPath(key, 'x', 'QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn'),
      'this Hub has no block',
    ],
    ['to pull a directory', (b, key) => pull(b, key, 'a'), 'node is a directory'],
    ['to list a file as a directory', (b, key) => b.listPath(key, 'f.txt/x'), 'no link named "x"'],
    ['to know no such bucket', (b) => b.listPath('nope', ''), 'instance not found'],
    [
      'to put a file into a file',
      (b, key) =>
        b.setPath(key, 'f.txt/x', 'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e'),
      'leads through a file',
    ],
  ])('says why it refuses %s', async (_name, act, text) => {
    const { buckets, key, push } = await withBucket(hub, apiKey, { encrypted })
    await push('a/b.txt', 'one')
    await push('f.txt', 'two')
    // A block that every Hub of this test has.
    const plain = await buckets.create('plain')
    await buckets.pushPath(plain.root?.key ?? '', 'hello', {
      path: 'hello',
      content: Buffer.from('hello world'),
    })
    await expect(act(buckets, key)).rejects.toThrow(text)
    expect(await pathsOf(buckets, key)).toEqual(['a', 'a/b.txt', 'f.txt'])
  })
})
