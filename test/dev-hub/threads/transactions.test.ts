import { expect, it, onTestFinished } from 'vitest'
import { startDevHub } from '../../../src/dev-hub/hub.js'
import { loggedIn } from '../logged-in.js'

/** A user with a database and its collection `notes`. */
async function withNotes() {
  const hub = await startDevHub()
  onTestFinished(() => hub.close())
  const [apiKey] = hub.apiKeys
  if (!apiKey) throw new Error('no key')
  const { client } = await loggedIn(hub, apiKey)
  const thread = await client.newDB()
  await client.newCollection(thread, { name: 'notes' })
  return { client, thread }
}

it.each(['readTransaction', 'writeTransaction'] as const)(
  'a write waits until the %s beside it has ended',
  async (kind) => {
    const { client, thread } = await withNotes()
    const transaction = client[kind](thread, 'notes')
    await transaction.start()
    expect(await transaction.has(['a'])).toBe(false)
    let isWritten = false
    const written = client.create(thread, 'notes', [{ _id: 'a' }]).then(() => {
      isWritten = true
    })
    // Answered after the write has come.
    await client.listCollections(thread)
    await client.listCollections(thread)
    expect(isWritten).toBe(false)
    expect(await transaction.has(['a'])).toBe(false)
    await transaction.end()
    await written
  },
)

it('a write transaction whose caller leaves writes nothing and frees the database', async () => {
  const { client, thread } = await withNotes()
  const transaction = client.writeTransaction(thread, 'notes')
  await transaction.start()
  await transaction.create([{ _id: 'a' }])
  // The socket goes, without a word of ending.
  Reflect.get(transaction, 'client').close()
  await client.create(thread, 'notes', [{ _id: 'b' }])
  expect(await client.has(thread, 'notes', ['b'])).toBe(true)
  expect(await client.has(thread, 'notes', ['a'])).toBe(false)
})
