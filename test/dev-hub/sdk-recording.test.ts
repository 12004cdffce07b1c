import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client, PrivateKey, Query, type ThreadID, type UserAuth, Where } from '@textile/hub'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { type DevHub, startDevHub } from '../../src/dev-hub/hub.js'
import { createApiKey } from '../../src/dev-hub/login/api-keys.js'
import { createApiSignature } from '../../src/keys/api-signature.js'
import { decodeMultibase } from '../../src/keys/multibase.js'
import { FOREIGN_TEXTS } from './replay/differences.js'

/** What the unmodified SDK's caller got of a real Hub. */
const recording = z
  .object({
    calls: z.array(z.object({ name: z.string(), ok: z.boolean(), error: z.string().optional() })),
  })
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, 'hub-sdk-recording.json'), 'utf8')))

const SCHEMA = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Person',
  type: 'object',
  required: ['_id'],
  properties: {
    _id: { type: 'string' },
    name: { type: 'string' },
    missions: { type: 'number', minimum: 1, maximum: 100 },
  },
} as const

const GUARD = `
  var type = event.patch.type; var patch = event.patch.json_patch
  if (type === 'create' && patch.name === 'bad') { return 'refused ' + writer }
  return true`

const apiKey = createApiKey()
let hub: DevHub
let client: Client
let other: Client
let owner: PrivateKey
let thread: ThreadID
let ids: string[] = []

async function userAuth(token: string): Promise<UserAuth> {
  const secret = decodeMultibase(apiKey.secret) ?? new Uint8Array()
  const signed = createApiSignature(secret, new Date(Date.now() + 600_000))
  return { key: apiKey.key, ...signed, token }
}

async function logIn(identity: PrivateKey): Promise<Client> {
  const anonymous = await Client.withKeyInfo({ key: apiKey.key, secret: apiKey.secret }, hub.url)
  return Client.withUserAuth(await userAuth(await anonymous.getToken(identity)), hub.url)
}

beforeAll(async () => {
  hub = await startDevHub({ apiKeys: [apiKey] })
  owner = PrivateKey.fromRandom()
  client = await logIn(owner)
  other = await logIn(PrivateKey.fromRandom())
})

afterAll(() => hub.close())

const where = (name: string) => new Where('name').eq(name)
/** The SDK's own types don't fit each other under `exactOptionalPropertyTypes`. */
const named = (name: string): object => where(name)
const find = (query: object) =>
  client.find<{ name: string; missions: number }>(thread, 'astronauts', query)
const names = async (query: object) => (await find(query)).map(({ name }) => name)

/** What was called, in order, by the names of the recording. */
const calls: Record<string, () => unknown> = {
  'client.newDB(undefined, name)': async () => {
    thread = await client.newDB(undefined, 'notes')
  },
  'client.open(id, name)': () => client.open(thread, 'notes'),
  'client.listThreads': async () => {
    expect(await client.listThreads()).toEqual([{ id: thread.toString(), name: 'notes' }])
  },
  'client.getThread': () => client.getThread('notes'),
  'client.getThread unknown': () => client.getThread('nope'),
  'client.listDBs': () => client.listDBs(),
  'client.getDBInfo': async () => {
    const { key, addrs } = await client.getDBInfo(thread)
    expect(key).toMatch(/^b[a-z2-7]{103}$/)
    expect(addrs).toEqual([expect.stringMatching(/^\/ip4\/127\.0\.0\.1\/tcp\/4006\/p2p\/12D3KooW/)])
    expect(addrs[0]).toMatch(new RegExp(`/thread/${thread}$`))
  },
  'client.newCollection with schema': () =>
    client.newCollection(thread, { name: 'astronauts', schema: SCHEMA }),
  'client.newCollection with a draft-7 exclusiveMaximum': () =>
    client.newCollection(thread, {
      name: 'draft7',
      schema: { properties: { _id: { type: 'string' }, n: { exclusiveMaximum: 100 } } },
    }),
  'client.newCollection again': () =>
    client.newCollection(thread, { name: 'astronauts', schema: SCHEMA }),
  'client.newCollection without schema': () => client.newCollection(thread, { name: 'plain' }),
  'client.newCollectionFromObject': () =>
    client.newCollectionFromObject(
      thread,
      { _id: '', name: '', missions: 0, tags: ['a'], deep: { x: 1 } },
      { name: 'fromobject' },
    ),
  'client.newCollection with index': () =>
    client.newCollection(thread, {
      name: 'unique',
      schema: SCHEMA,
      indexes: [{ path: 'name', unique: true }],
    }),
  'client.newCollection with writeValidator': () =>
    client.newCollection(thread, {
      name: 'guarded',
      schema: SCHEMA,
      writeValidator: new Function('writer', 'event', 'instance', GUARD) as () => boolean,
      readFilter: new Function(
        'reader',
        'instance',
        "instance.name = 'filtered'; return instance",
      ) as () => object,
    }),
  'client.listCollections': async () => {
    expect(await client.listCollections(thread)).toHaveLength(5)
  },
  'client.getCollectionInfo': () => client.getCollectionInfo(thread, 'astronauts'),
  'client.getCollectionIndexes': async () => {
    expect(await client.getCollectionIndexes(thread, 'unique')).toEqual([
      { path: 'name', unique: true },
    ])
  },
  'client.updateCollection': () =>
    client.updateCollection(thread, {
      name: 'plain',
      schema: { properties: { _id: { type: 'string' }, a: { type: 'number' } } },
    }),
  'client.create two': async () => {
    ids = await client.create(thread, 'astronauts', [
      { _id: '', name: 'Buzz', missions: 2 },
      { name: 'Neil', missions: 2 },
    ])
    expect(ids).toEqual([0, 1].map(() => expect.stringMatching(/^[0-9a-hjkmnp-tv-z]{26}$/)))
  },
  'client.create schema violation': () =>
    client.create(thread, 'astronauts', [{ _id: '', name: 7 }]),
  'client.create maximum violation': () =>
    client.create(thread, 'astronauts', [{ _id: '', name: 'X', missions: 500 }]),
  'client.create minimum violation': () =>
    client.create(thread, 'astronauts', [{ _id: '', name: 'X', missions: -1 }]),
  'client.create unknown collection': () => client.create(thread, 'nope', [{ _id: '' }]),
  'client.create guarded good': () => client.create(thread, 'guarded', [{ _id: '', name: 'good' }]),
  'client.create guarded bad': () => client.create(thread, 'guarded', [{ _id: '', name: 'bad' }]),
  'client.find guarded (read filter)': async () => {
    expect(await client.find(thread, 'guarded', {})).toMatchObject([{ name: 'filtered' }])
  },
  'client.find Where eq': async () => expect(await names(where('Buzz'))).toEqual(['Buzz']),
  'client.find ge and eq': async () => {
    expect(await names(new Where('missions').ge(2).and('name').eq('Neil'))).toEqual(['Neil'])
  },
  'client.find or': async () => {
    expect(await names(where('Buzz').or(where('Neil')))).toEqual(['Buzz', 'Neil'])
  },
  'client.find orderByDesc': async () => {
    expect(await names(new Query().orderByDesc('name'))).toEqual(['Neil', 'Buzz'])
  },
  'client.find limit/skip': async () => {
    expect(await names(new Query().limitTo(1).skipNum(1))).toEqual(['Neil'])
  },
  'client.find {}': async () => expect(await names({})).toEqual(['Buzz', 'Neil']),
  'client.findByID': () => client.findByID(thread, 'astronauts', ids[0] ?? ''),
  'client.findByID unknown': () => client.findByID(thread, 'astronauts', 'nope'),
  'client.has': async () => expect(await client.has(thread, 'astronauts', ids)).toBe(true),
  'client.save': () =>
    client.save(thread, 'astronauts', [{ _id: ids[0], name: 'Buzz', missions: 3 }]),
  'client.save new without _id': () => client.save(thread, 'plain', [{ a: 1, _id: '' }]),
  '  find after it': async () => expect(await client.find(thread, 'plain', {})).toEqual([]),
  'client.verify': () =>
    client.verify(thread, 'astronauts', [{ _id: ids[0], name: 'Buzz', missions: 4 }]),
  'client.listen': () => listen([{ collectionName: 'astronauts' }], ['SAVE', 'CREATE', 'DELETE']),
  'client.listen with actionTypes CREATE': () =>
    listen([{ collectionName: 'astronauts', actionTypes: ['CREATE'] }], ['CREATE']),
  readTransaction: async () => {
    const transaction = client.readTransaction(thread, 'astronauts')
    await transaction.start()
    expect(await transaction.has([ids[0] ?? ''])).toBe(true)
    expect(await transaction.find(named('Buzz'))).toHaveLength(1)
    expect(await transaction.findByID(ids[1] ?? '')).toMatchObject({ name: 'Neil' })
    await transaction.end()
  },
  'writeTransaction commit': async () => {
    const transaction = client.writeTransaction(thread, 'astronauts')
    await transaction.start()
    const [id = ''] = (await transaction.create([{ _id: '', name: 'Tx', missions: 1 }])) ?? []
    expect(await transaction.has([id])).toBe(false)
    await transaction.save([{ _id: id, name: 'Tx2', missions: 1 }])
    expect(await transaction.find(named('Tx2'))).toEqual([])
    await transaction.end()
    await vi.waitFor(async () => expect(await names(where('Tx2'))).toEqual(['Tx2']))
  },
  'writeTransaction discard': async () => {
    const transaction = client.writeTransaction(thread, 'astronauts')
    await transaction.start()
    await transaction.create([{ _id: '', name: 'Gone', missions: 1 }])
    await transaction.discard()
    await transaction.end().catch(({ message }) => {
      expect(message).toBe("can't commit discarded/committed txn")
    })
    expect(await names(where('Gone'))).toEqual([])
  },
  'writeTransaction create violation': async () => {
    const transaction = client.writeTransaction(thread, 'astronauts')
    await transaction.start()
    await expect(transaction.create([{ _id: '', name: 7 }])).rejects.toThrow(
      "instance doesn't correspond to schema: name: Invalid type. Expected: string, given: integer",
    )
    await transaction.end()
  },
  'an open writeTransaction and a find beside it': async () => {
    const transaction = client.writeTransaction(thread, 'astronauts')
    await transaction.start()
    await transaction.create([{ _id: '', name: 'Lock', missions: 1 }])
    let isFound = false
    const found = names({}).then((all) => {
      isFound = true
      return all
    })
    expect(await client.listCollections(thread)).toHaveLength(5)
    expect(isFound).toBe(false)
    await transaction.end()
    expect(await found).toContain('Lock')
  },
  'two writeTransactions at once': async () => {
    const first = client.writeTransaction(thread, 'astronauts')
    await first.start()
    await first.has(ids)
    const second = client.writeTransaction(thread, 'unique')
    await second.start()
    let hasBegun = false
    const begun = second.has(ids).then(() => {
      hasBegun = true
    })
    expect(await client.listCollections(thread)).toHaveLength(5)
    expect(hasBegun).toBe(false)
    await first.end()
    await begun
    await second.end()
  },
  'client.delete': () => client.delete(thread, 'astronauts', [ids[1] ?? '']),
  'client.deleteCollection': () => client.deleteCollection(thread, 'plain'),
  'client.deleteCollection unknown': () => client.deleteCollection(thread, 'nope'),
  'other user: find': () => other.find(thread, 'astronauts', {}),
  'other user: create': () =>
    other.create(thread, 'astronauts', [{ _id: '', name: 'Mallory', missions: 0 }]),
  'other user: listCollections': () => other.listCollections(thread),
  'other user: deleteDB': () => other.deleteDB(thread),
  'other user: joinFromInfo': async () => other.joinFromInfo(await client.getDBInfo(thread)),
  'other user: newDBFromAddr': async () => {
    const { addrs, key } = await client.getDBInfo(thread)
    return other.newDBFromAddr(addrs[0] ?? '', key, [])
  },
  'client.deleteDB': () => client.deleteDB(thread),
  'client.listThreads after (same client)': () => client.listThreads(),
  'client.listThreads after (new client)': async () => {
    expect(await (await logIn(owner)).listThreads()).toEqual([])
  },
  'client.newDB after (same client)': () => client.newDB(),
  'client.listThreads after that (same client)': async () => {
    // The SDK has kept the name.
    expect(await client.listThreads()).toMatchObject([{ name: 'notes' }])
  },
}

/** Listens, saves, creates and deletes, and expects to be told of these. */
async function listen(
  filters: { collectionName: string; actionTypes?: string[] }[],
  expected: string[],
): Promise<void> {
  const told: string[] = []
  const listener = client.listen<{ _id: string }>(
    thread,
    filters.map(({ collectionName, actionTypes = ['ALL'] }) => ({ collectionName, actionTypes })),
    (reply) => {
      if (reply) told.push(`${reply.action}`)
    },
  )
  // Answered after the Hub has begun to listen.
  await client.has(thread, 'astronauts', ids)
  await client.save(thread, 'astronauts', [{ _id: ids[0], name: 'Buzz', missions: 5 }])
  const made = await client.create(thread, 'astronauts', [{ _id: '', name: 'Sally', missions: 1 }])
  await client.delete(thread, 'astronauts', made)
  await vi.waitFor(() => expect(told).toEqual(expected))
  listener.close()
}

describe("the SDK's client, unmodified, as at the recorded Hub", () => {
  const recorded = new Map(recording.calls.map((call) => [call.name, call]))

  it.each(Object.entries(calls))('%s', async (name, make) => {
    const call = recorded.get(name)
    const made = Promise.resolve(make()).then(
      () => ({ ok: true }),
      ({ message }: Error) => ({ ok: false, message }),
    )
    // The recorded user's public key stands for this one's.
    const error = call?.error?.replace(/bbaarei[a-z2-7]{52}/, owner.public.toString()) ?? ''
    const isForeign = FOREIGN_TEXTS.some((pattern) => pattern.test(error))
    const message = isForeign ? expect.stringMatching(/./) : error
    expect(await made).toEqual(call?.ok ? { ok: true } : { ok: false, message })
  })
})
