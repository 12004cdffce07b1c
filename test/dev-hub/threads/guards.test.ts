import { type Client, PrivateKey, type ThreadID } from '@textile/hub'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { startDevHub } from '../../../src/dev-hub/hub.js'
import { loggedIn } from '../logged-in.js'

let ada: Awaited<ReturnType<typeof loggedIn>>
let bob: Awaited<ReturnType<typeof loggedIn>>
let thread: ThreadID

beforeEach(async () => {
  const hub = await startDevHub()
  onTestFinished(() => hub.close())
  const [apiKey] = hub.apiKeys
  if (!apiKey) throw new Error('no key')
  ada = await loggedIn(hub, apiKey, PrivateKey.fromRandom())
  bob = await loggedIn(hub, apiKey, PrivateKey.fromRandom())
  thread = await ada.client.newDB()
})

/** How the collection `guarded` is set up, with functions of these bodies. */
function guarded(writeValidator: string, readFilter = '') {
  // The SDK sends the text of a body; its types know nothing but functions.
  const body = (parameters: string[], text: string) => Function(...parameters, text) as () => true
  return {
    name: 'guarded',
    ...(writeValidator && {
      writeValidator: body(['writer', 'event', 'instance'], writeValidator),
    }),
    ...(readFilter && { readFilter: body(['reader', 'instance'], readFilter) as () => never }),
  }
}

const guard = (writeValidator: string, readFilter = '') =>
  ada.client.newCollection(thread, guarded(writeValidator, readFilter))

const create = (client: Client, instance: object) => client.create(thread, 'guarded', [instance])

describe('a write validator', () => {
  it('knows who writes what onto what', async () => {
    await guard(
      'throw new Error(JSON.stringify([writer, event.patch, event.collection_name, instance]))',
    )
    const told = async (made: Promise<unknown>) => {
      const { message } = await made.then(
        () => ({ message: 'allowed' }),
        (error) => error,
      )
      return JSON.parse(message.slice(message.indexOf('[')))
    }
    expect(await told(create(bob.client, { _id: 'a', x: 1 }))).toEqual([
      bob.pubkey,
      { type: 'create', instance_id: 'a', json_patch: { _id: 'a', x: 1 } },
      'guarded',
      null,
    ])
    await ada.client.updateCollection(thread, guarded('return true'))
    await create(ada.client, { _id: 'a', x: 1, y: { z: 1, w: 2 } })
    const body = 'throw new Error(JSON.stringify([event.patch, instance.x]))'
    await ada.client.updateCollection(thread, guarded(body))
    const saved = { _id: 'a', y: { z: 3, w: 2 } }
    expect(await told(bob.client.save(thread, 'guarded', [saved]))).toEqual([
      { type: 'save', instance_id: 'a', json_patch: { x: null, y: { z: 3 } } },
      1,
    ])
    expect(await told(bob.client.delete(thread, 'guarded', ['a']))).toEqual([
      { type: 'delete', instance_id: 'a', json_patch: null },
      1,
    ])
  })

  it.each([
    ['return false', 'the write validator refuses it'],
    ['return "not yours"', 'not yours'],
    ['', undefined],
    ['return true', undefined],
    ['return undefined', 'the write validator refuses it'],
    ['while (true) {}', 'it took longer than 50 ms'],
  ])('that does %j answers %j', async (body, reason) => {
    await guard(body)
    const made = create(bob.client, { _id: 'a' })
    if (reason === undefined) expect(await made).toEqual(['a'])
    else await expect(made).rejects.toThrow(reason)
    expect(await ada.client.has(thread, 'guarded', ['a'])).toBe(reason === undefined)
  })

  it('keeps all of a call out where it refuses one of it', async () => {
    await guard('return event.patch.instance_id !== "b"')
    const both = ada.client.create(thread, 'guarded', [{ _id: 'a' }, { _id: 'b' }])
    await expect(both).rejects.toThrow('app denied')
    expect(await ada.client.find(thread, 'guarded', {})).toEqual([])
  })
})

describe('a read filter', () => {
  const ONLY_MINE = 'return instance.owner === reader ? instance : null'

  it('hides instances from finding, having and listening', async () => {
    await guard('', ONLY_MINE)
    await create(ada.client, { _id: 'mine', owner: ada.pubkey })
    await create(ada.client, { _id: 'theirs', owner: bob.pubkey })
    const told: string[] = []
    const listener = bob.client.listen<{ _id: string }>(thread, [], (reply) => {
      if (reply?.instance) told.push(reply.instance._id)
    })
    await bob.client.listThreads()
    const found = await bob.client.find<{ _id: string }>(thread, 'guarded', {})
    expect(found.map(({ _id }) => _id)).toEqual(['theirs'])
    await expect(bob.client.findByID(thread, 'guarded', 'mine')).rejects.toThrow('not found')
    expect(await bob.client.has(thread, 'guarded', ['mine'])).toBe(false)
    expect(await ada.client.has(thread, 'guarded', ['mine'])).toBe(true)
    await create(ada.client, { _id: 'hidden', owner: ada.pubkey })
    await create(ada.client, { _id: 'shown', owner: bob.pubkey })
    await expect.poll(() => told).toEqual(['shown'])
    listener.close()
  })

  it('is asked before a query: what it hides can’t be guessed', async () => {
    await guard('', 'delete instance.secret; return instance')
    await create(ada.client, { _id: 'a', secret: 'x' })
    const query = { ands: [{ fieldPath: 'secret', operation: 0, value: { string: 'x' } }] }
    expect(await bob.client.find(thread, 'guarded', query)).toEqual([])
  })

  it('that fails is an error, not an instance', async () => {
    await guard('', 'throw new Error("broken")')
    await create(ada.client, { _id: 'a' })
    await expect(bob.client.find(thread, 'guarded', {})).rejects.toThrow('broken')
  })
})
