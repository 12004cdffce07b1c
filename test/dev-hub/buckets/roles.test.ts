import { type Buckets, PathAccessRole, ThreadID } from '@textile/hub'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { type DevHub, startDevHub } from '../../../src/dev-hub/hub.js'
import { createApiKey } from '../../../src/dev-hub/login/api-keys.js'
import { loggedIn } from '../logged-in.js'
import { metadataOf, pull, pushPath, withBucket } from './with-bucket.js'

const apiKey = createApiKey()
const otherKey = createApiKey()
const { READER, WRITER, ADMIN } = {
  READER: PathAccessRole.PATH_ACCESS_ROLE_READER,
  WRITER: PathAccessRole.PATH_ACCESS_ROLE_WRITER,
  ADMIN: PathAccessRole.PATH_ACCESS_ROLE_ADMIN,
}
const NONE = PathAccessRole.PATH_ACCESS_ROLE_UNSPECIFIED

let hub: DevHub

beforeEach(async () => {
  hub = await startDevHub({ apiKeys: [apiKey, otherKey] })
  onTestFinished(() => hub.close())
})

/** A bucket with files, its owner, and somebody else in its thread. */
async function ownerAndGuest(options: { encrypted?: boolean } = {}) {
  const owner = await withBucket(hub, apiKey, options)
  await owner.push('a/one.txt', 'one')
  await owner.push('a/two.txt', 'two')
  await owner.push('b.txt', 'three')
  const guest = await loggedIn(hub, apiKey)
  guest.buckets.withThread(owner.thread)
  const { key, buckets } = owner
  /** What the guest may do: read, overwrite, make new, move, remove, share. */
  const may = async (path = 'a/one.txt') => {
    const metadata = metadataOf(apiKey, guest.token, owner.thread)
    const overwrite = pushPath(hub, metadata, { key, path, content: Buffer.from('x') })
    const make = pushPath(hub, metadata, { key, path: 'new', content: Buffer.from('x') })
    const done = {
      read: await succeeds(pull(guest.buckets, key, path)),
      overwrite: (await overwrite).status?.code === 0,
      make: (await make).status?.code === 0,
      share: await succeeds(share(guest.buckets, key, path, guest.pubkey, ADMIN)),
      remove: await succeeds(guest.buckets.removePath(key, path)),
    }
    return Object.entries(done).flatMap(([act, isDone]) => (isDone ? [act] : []))
  }
  const give = (path: string, role: PathAccessRole, who = guest.pubkey) =>
    share(buckets, key, path, who, role)
  return { owner, guest, key, may, give }
}

function share(
  buckets: Buckets,
  key: string,
  path: string,
  who: string,
  role: PathAccessRole,
): Promise<void> {
  return buckets.pushPathAccessRoles(key, path, new Map([[who, role]]))
}

async function succeeds(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  )
}

describe.each([
  ['public', false, ['read']],
  ['private', true, []],
])('somebody else, in a %s bucket,', (_, encrypted, allowed: string[]) => {
  it('may what everyone may', async () => {
    const { may } = await ownerAndGuest({ encrypted })
    expect(await may()).toEqual(allowed)
  })

  it.each([
    ['reader', 'a', READER, ['read']],
    ['writer', 'a/one.txt', WRITER, ['read', 'overwrite']],
    ['writer of a directory', 'a', WRITER, ['read', 'overwrite']],
    ['admin', 'a/one.txt', ADMIN, ['read', 'overwrite', 'share', 'remove']],
    ['admin of the root', '/', ADMIN, ['read', 'overwrite', 'share', 'remove']],
    ['reader of something else', 'b.txt', READER, allowed],
  ] as const)('may as a %s', async (_name, path, role, acts) => {
    const { may, give } = await ownerAndGuest({ encrypted })
    await give(path, role)
    expect(await may()).toEqual(acts)
  })

  it('may no more when the role is taken away', async () => {
    const { may, give, owner, guest, key } = await ownerAndGuest({ encrypted })
    await give('a', WRITER)
    expect(await pull(guest.buckets, key, 'a/two.txt')).toBe('two')
    await give('a', NONE)
    expect(await may('a/two.txt')).toEqual(allowed)
    // What stays was encrypted anew; its owner reads it as before.
    expect(await pull(owner.buckets, key, 'a/two.txt')).toBe('two')
    expect(await pull(owner.buckets, key, 'b.txt')).toBe('three')
  })

  it('may not list, create or remove buckets, nor push several files', async () => {
    const { guest, key, give } = await ownerAndGuest({ encrypted })
    await give('/', ADMIN)
    const notOwned = 'User does not own thread'
    await expect(guest.buckets.list()).rejects.toThrow(notOwned)
    await expect(guest.buckets.create('mine')).rejects.toThrow(notOwned)
    await expect(guest.buckets.remove(key)).rejects.toThrow(notOwned)
    const pushing = async () => {
      const files = [{ path: 'a/one.txt', content: Buffer.from('x') }]
      for await (const _pushed of guest.buckets.pushPaths(key, files));
    }
    await expect(pushing()).rejects.toThrow(notOwned)
  })

  it('may not move what they may not remove', async () => {
    const { guest, key, give } = await ownerAndGuest({ encrypted })
    await give('b.txt', WRITER)
    await give('a/one.txt', READER)
    await expect(guest.buckets.movePath(key, 'a/one.txt', 'b.txt')).rejects.toThrow(
      'permission denied',
    )
  })

  it('may not remove what came with a directory, of which nothing else is known', async () => {
    const { owner, guest, key, give } = await ownerAndGuest({ encrypted })
    const plain = await owner.buckets.create('plain')
    const plainKey = plain.root?.key ?? ''
    const file = { path: 'x.txt', content: Buffer.from('x') }
    await owner.buckets.pushPath(plainKey, 'x.txt', file)
    const { item } = await owner.buckets.listPath(plainKey, '')
    await owner.buckets.setPath(key, 'set', item?.cid ?? '')
    await give('set', ADMIN)
    expect(await pull(guest.buckets, key, 'set/x.txt')).toBe('x')
    const removing = guest.buckets.removePath(key, 'set/x.txt')
    await expect(removing).rejects.toThrow('permission denied')
  })

  it('sees which roles there are, of what they may read', async () => {
    const { guest, key, give } = await ownerAndGuest({ encrypted })
    await give('a/one.txt', READER)
    const roles = await guest.buckets.pullPathAccessRoles(key, 'a/one.txt')
    expect([...roles]).toEqual([[guest.pubkey, READER]])
    if (!encrypted) return
    const hidden = guest.buckets.pullPathAccessRoles(key, 'b.txt')
    await expect(hidden).rejects.toThrow('could not resolve path: b.txt')
    const root = await guest.buckets.root(key)
    expect(root?.name).toBe('files')
  })
})

describe('a bucket', () => {
  it('may be closed to everyone', async () => {
    const { give, may } = await ownerAndGuest()
    await give('/', NONE, '*')
    expect(await may()).toEqual([])
  })

  it('takes roles for public keys and everyone only', async () => {
    const { owner, key } = await ownerAndGuest()
    const sharing = share(owner.buckets, key, '/', 'ada', READER)
    await expect(sharing).rejects.toThrow('a role is for a public key, or for "*"')
  })

  it('belongs to the API key that its thread was made with', async () => {
    const { identity, key, thread } = await withBucket(hub, apiKey)
    const { buckets } = await loggedIn(hub, otherKey, identity)
    buckets.withThread(thread)
    await expect(buckets.list()).rejects.toThrow('Bad API key')
    await expect(pull(buckets, key, 'x')).rejects.toThrow('Bad API key')
  })

  it('is found in a thread that there is', async () => {
    const { buckets, key } = await withBucket(hub, apiKey)
    buckets.withThread(ThreadID.fromRandom().toString())
    await expect(buckets.list()).rejects.toThrow('User does not own thread')
    await expect(buckets.root(key)).rejects.toThrow('thread not found')
    const elsewhere = await loggedIn(hub, apiKey)
    await expect(elsewhere.buckets.list()).rejects.toThrow('db required')
  })
})
