import { PrivateKey } from '@textile/hub'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type DevHub, startDevHub } from '../../../src/dev-hub/hub.js'
import { createApiKey } from '../../../src/dev-hub/login/api-keys.js'
import { dataFolder } from '../../support/data-folder.js'
import { loggedIn } from '../logged-in.js'

const apiKey = createApiKey()
let hub: DevHub

beforeEach(async () => {
  hub = await startDevHub({ apiKeys: [apiKey] })
  onTestFinished(() => hub.close())
})

/** Two users with mailboxes. */
async function adaAndBob() {
  const [ada, bob] = [await loggedIn(hub, apiKey), await loggedIn(hub, apiKey)]
  await ada.users.setupMailbox()
  const mailbox = await bob.users.setupMailbox()
  const send = (text: string) =>
    ada.users.sendMessage(ada.identity, bob.identity.public, Buffer.from(text))
  return { ada, bob, mailbox, send }
}

async function textOf(body: Uint8Array, reader: PrivateKey): Promise<string> {
  return Buffer.from(await reader.decrypt(body)).toString()
}

describe('mailboxes, by the unmodified SDK', () => {
  it('are threads, made once', async () => {
    const { users } = await loggedIn(hub, apiKey)
    await expect(users.getMailboxID()).rejects.toThrow('Thread not found')
    const mailbox = await users.setupMailbox()
    expect(await users.setupMailbox()).toBe(mailbox)
    expect(await users.getMailboxID()).toBe(mailbox)
    expect(await users.listThreads()).toEqual([{ id: mailbox, isDb: true, name: 'hubmail' }])
  })

  it('are one, though set up twice at once', async () => {
    const { users } = await loggedIn(hub, apiKey)
    const [one, other] = await Promise.all([users.setupMailbox(), users.setupMailbox()])
    expect(other).toBe(one)
  })

  it('carry a message that only its receiver can read', async () => {
    const { ada, bob, send } = await adaAndBob()
    const sent = await send('hello')
    const [received] = await bob.users.listInboxMessages()
    const expected = { id: sent.id, from: ada.pubkey, to: bob.pubkey, createdAt: sent.createdAt }
    expect(received).toMatchObject({ ...expected, readAt: 0 })
    expect(await textOf(received?.body ?? new Uint8Array(), bob.identity)).toBe('hello')

    const [copy] = await ada.users.listSentboxMessages()
    expect(copy).toMatchObject(expected)
    expect(await textOf(copy?.body ?? new Uint8Array(), ada.identity)).toBe('hello')
    expect(await bob.users.listSentboxMessages()).toEqual([])
    expect(await ada.users.listInboxMessages()).toEqual([])
  })

  it('list the newest first, or the oldest, from a message on, as many as wanted', async () => {
    const { bob, send } = await adaAndBob()
    const ids: string[] = []
    for (const text of ['one', 'two', 'three']) ids.push((await send(text)).id)
    const list = async (options?: Parameters<typeof bob.users.listInboxMessages>[0]) =>
      (await bob.users.listInboxMessages(options)).map(({ id }) => ids.indexOf(id))
    expect(await list()).toEqual([2, 1, 0])
    expect(await list({ ascending: true })).toEqual([0, 1, 2])
    expect(await list({ limit: 2 })).toEqual([2, 1])
    expect(await list({ seek: ids[1] ?? '' })).toEqual([1, 0])
    expect(await list({ seek: ids[1] ?? '', ascending: true })).toEqual([1, 2])
  })

  it('know which messages were read', async () => {
    const { bob, send } = await adaAndBob()
    const [first, second] = [await send('one'), await send('two')]
    const { readAt } = await bob.users.readInboxMessage(first.id)
    const [read] = await bob.users.listInboxMessages({ ascending: true })
    expect(read).toMatchObject({ id: first.id, readAt })
    const unread = await bob.users.listInboxMessages({ status: 2 })
    expect(unread.map(({ id }) => id)).toEqual([second.id])
    await expect(bob.users.readInboxMessage('nope')).rejects.toThrow('instance not found')
  })

  it('lose what is deleted, on one side', async () => {
    const { ada, bob, send } = await adaAndBob()
    const { id } = await send('hello')
    await bob.users.deleteInboxMessage(id)
    await bob.users.deleteInboxMessage(id)
    expect(await bob.users.listInboxMessages()).toEqual([])
    expect(await ada.users.listSentboxMessages()).toHaveLength(1)
    await ada.users.deleteSentboxMessage(id)
    expect(await ada.users.listSentboxMessages()).toEqual([])
  })

  it('tell whoever watches them', async () => {
    const { bob, mailbox, send } = await adaAndBob()
    const seen: string[] = []
    const watch = bob.users.watchInbox(mailbox, (event) => {
      if (event) seen.push(`${event.type} ${event.message?.readAt ?? '-'}`)
    })
    onTestFinished(() => watch.close())
    // The Hub listens once it answers a call that came after.
    await vi.waitFor(() => expect(hub.openCalls).toBeGreaterThan(0))
    await bob.users.listInboxMessages()
    const { id } = await send('hello')
    const { readAt } = await bob.users.readInboxMessage(id)
    await bob.users.deleteInboxMessage(id)
    await vi.waitFor(() => expect(seen).toHaveLength(3))
    expect(seen).toEqual(['CREATE 0', `SAVE ${readAt}`, 'DELETE -'])
  })

  it('are told from those that are not there', async () => {
    const { ada, bob } = await adaAndBob()
    const nobody = PrivateKey.fromRandom().public
    const lost = ada.users.sendMessage(ada.identity, nobody, Buffer.from('hello'))
    await expect(lost).rejects.toThrow('mail not found')
    const { users, identity } = await loggedIn(hub, apiKey)
    const early = users.sendMessage(identity, bob.identity.public, Buffer.from('hello'))
    await expect(early).rejects.toThrow('mail not found')
    await expect(users.listInboxMessages()).rejects.toThrow('mail not found')
    expect(await bob.users.listInboxMessages()).toEqual([])
  })

  it('refuse a message that its sender has not signed', async () => {
    const { ada, bob } = await adaAndBob()
    const stranger = PrivateKey.fromRandom()
    const forged = ada.users.sendMessage(stranger, bob.identity.public, Buffer.from('hello'))
    await expect(forged).rejects.toThrow('Bad message signature')
  })

  it('have no usage to tell without billing', async () => {
    const { users } = await loggedIn(hub, apiKey)
    await expect(users.getUsage()).rejects.toThrow('billing is not enabled')
  })

  it('outlive the Hub', async () => {
    const dataDir = await dataFolder()
    const before = await startDevHub({ apiKeys: [apiKey], dataDir })
    const bob = await loggedIn(before, apiKey)
    await bob.users.setupMailbox()
    await bob.users.sendMessage(bob.identity, bob.identity.public, Buffer.from('hello'))
    await before.close()

    const after = await startDevHub({ apiKeys: [apiKey], dataDir })
    onTestFinished(() => after.close())
    const again = await loggedIn(after, apiKey, bob.identity)
    const [message] = await again.users.listInboxMessages()
    expect(await textOf(message?.body ?? new Uint8Array(), bob.identity)).toBe('hello')
  })
})
