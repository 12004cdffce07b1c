import { Client, PrivateKey, type ThreadID, Where } from '@textile/hub'
import { median } from '../median.js'
import { HubProcess } from './hub-process.js'

/** How many instances are searched: the larger may take {@link FIND_RATIO} × the smaller. */
const FEW = 100
const MANY = 10_000
const FIND_RATIO = 30

/** How often each is searched. */
const FINDS = 40

/** How many instances are created with one call. */
const BATCH = 500

/** How many listen to one database at once. */
const LISTENERS = 1_000

/** How many writes they are told of. */
const WRITES = 10

/** How long to wait for all listeners to be told, in ms. */
const PATIENCE_MS = 60_000

/** One figure: what it is of, and what it is. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
}

/** A logged-in client of a Hub with a database. */
interface Bench {
  readonly client: Client
  readonly thread: ThreadID
}

/** Measures searching and listening at a Hub in a process of its own. */
export async function measureFindAndListen(): Promise<Figure[]> {
  const hub = await HubProcess.start()
  try {
    const bench = await openDatabase(hub)
    return [...(await measureFind(bench)), ...(await measureListeners(bench))]
  } finally {
    await hub.stop()
  }
}

async function openDatabase({ url, apiKey }: HubProcess): Promise<Bench> {
  const client = await Client.withKeyInfo(apiKey, url)
  await client.getToken(PrivateKey.fromRandom())
  return { client, thread: await client.newDB() }
}

/** How long a search takes that finds one instance of few and of many, without an index. */
async function measureFind({ client, thread }: Bench): Promise<Figure[]> {
  const times = new Map<number, number[]>()
  for (const count of [FEW, MANY]) {
    await client.newCollection(thread, { name: `of${count}` })
    for (let made = 0; made < count; made += BATCH) {
      const batch = Array.from({ length: Math.min(BATCH, count - made) }, (_, index) => ({
        _id: '',
        name: `name ${made + index}`,
        age: index,
        tags: ['a', 'b', 'c'],
      }))
      await client.create(thread, `of${count}`, batch)
    }
    times.set(count, [])
  }
  for (let round = 0; round < FINDS; round += 1) {
    for (const [count, taken] of times) {
      const query: object = new Where('name').eq(`name ${count / 2}`)
      const began = performance.now()
      const found = await client.find(thread, `of${count}`, query)
      taken.push(performance.now() - began)
      if (found.length !== 1) throw new Error(`found ${found.length} of ${count}`)
    }
  }
  const [few, many] = [median(times.get(FEW) ?? []), median(times.get(MANY) ?? [])]
  return [
    { name: `find one of ${FEW}`, value: few, unit: 'ms' },
    { name: `find one of ${MANY}`, value: many, unit: 'ms' },
    { name: `÷ of ${FEW} (at most ${FIND_RATIO})`, value: many / few, unit: '×' },
  ]
}

/** How long it takes until a write is told to all who listen. */
async function measureListeners({ client, thread }: Bench): Promise<Figure[]> {
  let told = 0
  let wake = () => {}
  const listeners = Array.from({ length: LISTENERS }, () =>
    client.listen(thread, [{ collectionName: `of${FEW}` }], (reply) => {
      if (reply) told += 1
      wake()
    }),
  )
  const waitFor = async (count: number): Promise<void> => {
    const late = setTimeout(() => {
      process.stderr.write(`only ${told} of ${count} events came\n`)
      process.exit(1)
    }, PATIENCE_MS)
    while (told < count) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    clearTimeout(late)
  }
  // Until all have begun to listen, some are not told.
  while (told < LISTENERS) {
    told = 0
    await client.create(thread, `of${FEW}`, [{ _id: '', name: 'warm-up' }])
    await new Promise((resolve) => setTimeout(resolve, 1_000))
  }
  const times: number[] = []
  for (let write = 0; write < WRITES; write += 1) {
    told = 0
    const began = performance.now()
    await client.create(thread, `of${FEW}`, [{ _id: '', name: 'told' }])
    await waitFor(LISTENERS)
    times.push(performance.now() - began)
  }
  for (const listener of listeners) listener.close()
  return [{ name: `a write told to ${LISTENERS} listeners`, value: median(times), unit: 'ms' }]
}
