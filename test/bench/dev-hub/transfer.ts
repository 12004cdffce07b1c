import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { Buckets, PrivateKey } from '@textile/hub'
import { HubProcess } from './hub-process.js'

/** The size of the file, in bytes. */
const FILE_BYTES = 100_000_000

/** What the file comes in, in bytes: the SDK cuts it into pieces of 1 KiB. */
const PART_BYTES = 250_000

/** What it takes to push and pull a large file. */
export interface TransferResult {
  /** In ms. */
  readonly pushed: number
  readonly pulled: number
  /** How much more memory the Hub had at any time than before, in MB. */
  readonly added: number
  /** What 99 of 100 answers to something small took at most meanwhile, in ms. */
  readonly p99: number
}

/**
 * Pushes and pulls a file of 100 MB with the unmodified SDK.
 *
 * @param encrypted - into a private bucket
 * @throws Error where what comes back has another size
 */
export async function measureTransfer(encrypted: boolean): Promise<TransferResult> {
  const hub = await HubProcess.start()
  try {
    const buckets = await Buckets.withKeyInfo(hub.apiKey, { host: hub.url })
    await buckets.getToken(PrivateKey.fromRandom())
    const { root } = await buckets.getOrCreate('large', { encrypted })
    const key = root?.key ?? ''
    const transfer = (path: string, bytes: number) => run(buckets, key, path, bytes)
    await transfer('warm-up', 1_000_000)
    const { now } = await hub.memory()

    const stopAsking = askMeanwhile(hub.url)
    const times = await transfer('large', FILE_BYTES)
    const { most } = await hub.memory()
    return { ...times, added: most - now, p99: await stopAsking() }
  } finally {
    await hub.stop()
  }
}

async function run(buckets: Buckets, key: string, path: string, bytes: number) {
  const start = performance.now()
  await buckets.pushPath(key, path, { path, content: parts(bytes) })
  const pushed = performance.now() - start
  let received = 0
  for await (const chunk of buckets.pullPath(key, path)) received += chunk.length
  if (received !== bytes) throw new Error(`${received} of ${bytes} bytes came back`)
  return { pushed, pulled: performance.now() - start - pushed }
}

/** Content that is all different. Leaves the loop to others after each part. */
async function* parts(bytes: number): AsyncGenerator<Uint8Array> {
  for (let sent = 0; sent < bytes; sent += PART_BYTES) {
    yield randomBytes(Math.min(PART_BYTES, bytes - sent))
    await wait(0)
  }
}

/**
 * Asks the Hub for something small again and again, in a thread of its own.
 *
 * @returns what ends that, and returns the time that 99 of 100 answers took at most, in ms
 */
function askMeanwhile(url: string): () => Promise<number> {
  const worker = new Worker(new URL('./ask.mjs', import.meta.url), { workerData: url })
  return async () => {
    worker.postMessage('stop')
    const [p99] = await once(worker, 'message')
    return Number(p99)
  }
}
