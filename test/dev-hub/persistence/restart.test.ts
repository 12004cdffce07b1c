import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Client, PrivateKey, type ThreadID } from '@textile/hub'
import { describe, expect, it } from 'vitest'
import { dataFolder } from '../../support/data-folder.js'
import { runProgram } from '../../support/server-process.js'
import { HubProcess, variablesFor } from './hub-process.js'

/** How many writes are begun on a Hub that is killed in the middle of them. */
const WRITES = 1_000

/** How many of them are on their way at once. */
const AT_ONCE = 20

/** How often a Hub is killed. */
const KILLS = 10

async function makeNotes(client: Client): Promise<ThreadID> {
  const thread = await client.newDB(undefined, 'notes')
  await client.newCollection(thread, { name: 'notes' })
  return thread
}

describe('a development Hub that was stopped', () => {
  it.each(['SIGTERM', 'SIGKILL'] as const)('by %s goes on as it was', async (signal) => {
    const folder = await dataFolder()
    const identity = PrivateKey.fromRandom()
    const before = await HubProcess.start(folder)
    const client = await before.client(identity)
    const thread = await makeNotes(client)
    const [id = ''] = await client.create(thread, 'notes', [{ _id: '', text: 'remember' }])
    expect(await before.end(signal)).toBe(signal === 'SIGTERM' ? 0 : null)

    const after = await HubProcess.start(folder)
    const { url: _url, grpcUrl: _grpcUrl, ...kept } = { grpcUrl: '', ...after.printed }
    expect(before.printed).toMatchObject(kept)
    // The token that an open app still has.
    const again = await after.client(identity, client.context.toJSON().authorization?.slice(7))
    expect((await again.getThread('notes')).id).toBe(thread.toString())
    expect(await again.findByID(thread, 'notes', id)).toMatchObject({ text: 'remember' })
    await again.create(thread, 'notes', [{ _id: '' }])
  })

  it('lets nobody else read its folder', async () => {
    const folder = await dataFolder()
    await HubProcess.start(folder)
    expect(statSync(join(folder, 'dev-hub')).mode & 0o077).toBe(0)
  })

  it('has every write that it acknowledged, also when it is killed in the middle', {
    timeout: 180_000,
  }, async () => {
    const folder = await dataFolder()
    const identity = PrivateKey.fromRandom()
    const first = await HubProcess.start(folder)
    const thread = await makeNotes(await first.client(identity))
    await first.end('SIGTERM')
    const acknowledged: string[] = []
    for (let round = 0; round < KILLS; round += 1) {
      const hub = await HubProcess.start(folder)
      const client = await hub.client(identity)
      const killAt = acknowledged.length + 50 + round * 40
      await writeUntilKilled(client, thread, acknowledged, killAt, hub)
    }
    const hub = await HubProcess.start(folder)
    const found = await (await hub.client(identity)).find(thread, 'notes', {})
    const ids = new Set(found.map((instance) => Object(instance)._id))
    expect(acknowledged.length).toBeGreaterThan(KILLS * 50)
    expect(acknowledged.filter((id) => !ids.has(id))).toEqual([])
  })
})

/** Begins {@link WRITES}, kills the Hub when so many are acknowledged, and waits for its end. */
async function writeUntilKilled(
  client: Client,
  thread: ThreadID,
  acknowledged: string[],
  killAt: number,
  hub: HubProcess,
): Promise<void> {
  let begun = 0
  let ended: Promise<unknown> | undefined
  const write = async (): Promise<void> => {
    while (begun < WRITES && !ended) {
      begun += 1
      // Writes that were not acknowledged may be there, or not.
      const ids = await client.create(thread, 'notes', [{ _id: '', begun }]).catch(() => [])
      acknowledged.push(...ids)
      if (acknowledged.length >= killAt) ended ??= hub.end('SIGKILL')
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, write))
  await ended
}

describe('the folder', () => {
  it('is for one Hub at a time', async () => {
    const folder = await dataFolder()
    await HubProcess.start(folder)
    const { status, stderr } = await runProgram('dev-hub/main.js', variablesFor(folder))
    expect(status).toBe(1)
    expect(stderr).toMatch(
      `DATA_DIR: another development Hub uses ${join(folder, 'dev-hub')}; set DATA_DIR`,
    )
    for (const way of ['--in-memory', 'HUB_URL', 'USER_API_KEY']) expect(stderr).toContain(way)
    const exporting = await runProgram('dev-hub/main.js', variablesFor(folder), ['--export', '-'])
    expect(exporting).toMatchObject({ status: 1, stdout: '', stderr })
    const reset = await runProgram('dev-hub/main.js', variablesFor(folder), ['--reset'])
    expect(reset).toMatchObject({ status: 1, stdout: '', stderr })
  })

  it('is named where what is in it is no store, and can be reset', async () => {
    const folder = await dataFolder()
    const hub = await HubProcess.start(folder)
    await hub.end('SIGTERM')
    rmSync(join(folder, 'dev-hub'), { recursive: true })
    mkdirSync(join(folder, 'dev-hub'))
    writeFileSync(join(folder, 'dev-hub/hub.sqlite'), 'x'.repeat(10_000))
    const { status, stderr } = await runProgram('dev-hub/main.js', variablesFor(folder))
    expect(status).toBe(1)
    expect(stderr).toMatch(/^DATA_DIR: the development Hub's folder .+ can't be used: .+--reset/)
    const anew = await HubProcess.start(folder, '--reset')
    expect(anew.printed.key).not.toBe(hub.printed.key)
  })

  it('is not there where the Hub is to remember nothing', async () => {
    const folder = await dataFolder()
    await HubProcess.start(folder, '--in-memory')
    expect(existsSync(join(folder, 'dev-hub'))).toBe(false)
  })
})
