import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Buckets, PrivateKey, ThreadID } from '@textile/hub'
import { describe, expect, it } from 'vitest'
import { dataFolder } from '../../support/data-folder.js'
import { ProgramProcess, runProgram } from '../../support/server-process.js'
import { HubProcess, variablesFor } from './hub-process.js'

const MAIN = 'dev-hub/main.js'
const ada = PrivateKey.fromRandom()
const bob = PrivateKey.fromRandom()

const COLLECTION = {
  name: 'notes',
  schema: {
    properties: { _id: { type: 'string' }, text: { type: 'string' } },
    required: ['_id', 'text'],
    type: 'object',
  },
  indexes: [{ path: 'text', unique: true }],
  writeValidator: 'return instance === null || writer === instance.author || "not yours"',
  readFilter: 'return instance',
}

const SEED = {
  users: { ada: { privateKey: ada.toString() }, bob: { pubkey: bob.public.toString() } },
  databases: [
    {
      owner: 'ada',
      name: 'notes',
      id: ThreadID.fromRandom().toString(),
      collections: [{ ...COLLECTION, instances: [{ _id: 'first', text: 'hello' }] }],
    },
    { owner: 'bob', name: 'empty' },
  ],
}

async function seedFile(seed: unknown): Promise<string> {
  const file = join(await dataFolder(), 'seed.json')
  writeFileSync(file, typeof seed === 'string' ? seed : JSON.stringify(seed))
  return file
}

describe('a seed', () => {
  it('fills a Hub, once', async () => {
    const [folder, file] = [await dataFolder(), await seedFile(SEED)]
    for (let start = 0; start < 2; start += 1) {
      const hub = await HubProcess.start(folder, '--seed', file)
      const client = await hub.client(ada)
      const [thread] = await client.listThreads()
      expect(thread).toEqual({ id: SEED.databases[0]?.id, name: 'notes' })
      const id = ThreadID.fromString(thread?.id ?? '')
      expect(await client.find(id, 'notes', {})).toMatchObject([{ _id: 'first', text: 'hello' }])
      expect(await (await hub.client(bob)).getThread('empty')).toMatchObject({ name: 'empty' })
      await hub.end('SIGTERM')
    }
  })

  it('fills buckets from folders, once', async () => {
    const folder = await dataFolder()
    const buckets = [{ owner: 'ada', name: 'files', folder: './content' }]
    const file = await seedFile({ users: SEED.users, buckets })
    mkdirSync(join(file, '../content/deep'), { recursive: true })
    writeFileSync(join(file, '../content/a.txt'), 'text')
    writeFileSync(join(file, '../content/deep/b.bin'), Buffer.alloc(700_000, 1))
    for (let start = 0; start < 2; start += 1) {
      const hub = await HubProcess.start(folder, '--seed', file)
      const { id } = await (await hub.client(ada)).getThread('buckets')
      const { url, key, secret } = hub.printed
      const client = await Buckets.withKeyInfo({ key, secret }, { host: url })
      await client.getToken(ada)
      client.withThread(id)
      const roots = await client.list()
      expect(roots.map(({ name }) => name)).toEqual(['files'])
      const paths = await client.listPathFlat(roots[0]?.key ?? '', '')
      expect(paths.map((path) => path.replace(/^\/+/, ''))).toEqual(
        expect.arrayContaining(['a.txt', 'deep/b.bin']),
      )
      await hub.end('SIGTERM')
    }
  })

  it('comes out as it went in', async () => {
    const [folder, file] = [await dataFolder(), await seedFile(SEED)]
    await (await HubProcess.start(folder, '--seed', file)).end('SIGTERM')
    const { stdout } = await runProgram(MAIN, variablesFor(folder), ['--export', '-'])
    const exported = JSON.parse(stdout)
    expect(exported.users).toEqual({
      user1: { pubkey: ada.public.toString() },
      user2: { pubkey: bob.public.toString() },
    })
    expect(exported.databases).toMatchObject([
      { ...SEED.databases[0], owner: 'user1' },
      { name: 'empty', owner: 'user2' },
    ])
    const again = await dataFolder()
    await (await HubProcess.start(again, '--seed', await seedFile(stdout))).end('SIGTERM')
    const second = await runProgram(MAIN, variablesFor(again), ['--export', '-'])
    expect(second.stdout).toBe(stdout)
  })

  it('fills the Hub of npm start', async () => {
    const folder = await dataFolder()
    const server = await ProgramProcess.start('index.js', {
      ...variablesFor(folder),
      PORT: '0',
      DEV_HUB_SEED: await seedFile(SEED),
    })
    await server.printed(/users log in at /)
    server.kill('SIGTERM')
    expect((await server.ended()).status).toBe(0)
    const { stdout } = await runProgram(MAIN, variablesFor(folder), ['--export', '-'])
    expect(JSON.parse(stdout).databases).toHaveLength(2)
  })

  it.each([
    ['no JSON', '{', /can't be read/],
    ['an unknown word', { databasses: [] }, /databasses/],
    ['a stranger', { databases: [{ owner: 'eve' }] }, /there is no user "eve"/],
    [
      'a folder that is not there',
      { ...SEED, databases: [], buckets: [{ owner: 'ada', name: 'x', folder: './nowhere' }] },
      /nowhere is no folder/,
    ],
    ['no key', { users: { ada: {} } }, /users\.ada: needs a pubkey or a privateKey/],
    ['a wrong key', { users: { ada: { pubkey: 'b' } } }, /users\.ada\.pubkey: is no public key/],
    [
      'an instance that breaks its schema',
      {
        ...SEED,
        databases: [
          {
            owner: 'ada',
            name: 'notes',
            collections: [{ ...COLLECTION, instances: [{ text: 1 }] }],
          },
        ],
      },
      /database "notes" of ada: instance doesn't correspond to schema: text: Invalid type/,
    ],
  ])('with %s is refused, and says why', async (_what, seed, reason) => {
    const folder = await dataFolder()
    const args = ['--seed', await seedFile(seed)]
    const { status, stderr } = await runProgram(MAIN, variablesFor(folder), args)
    expect(status).toBe(1)
    expect(stderr).toMatch(reason)
    // What was wrong is nowhere.
    const { stdout } = await runProgram(MAIN, variablesFor(folder), ['--export', '-'])
    expect(JSON.parse(stdout).databases).toEqual([])
  })
})
