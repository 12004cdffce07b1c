import { Buckets, Client, PrivateKey, type UserAuth, Users } from '@textile/hub'
import { expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { startWithDevHub } from '../support/login-server.js'

/** The callback as apps of the tutorial write it: no deadline, no close, messages only. */
function tutorialLogin(url: string, identity: PrivateKey): () => Promise<UserAuth> {
  return () =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(url)
      socket.onopen = () => {
        const publicKey = identity.public.toString()
        socket.send(JSON.stringify({ pubkey: publicKey, type: 'token' }))
        socket.onmessage = async (message) => {
          const data = JSON.parse(String(message.data))
          switch (data.type) {
            case 'error':
              reject(data.value)
              break
            case 'challenge': {
              const signed = await identity.sign(Buffer.from(data.value))
              const sig = Buffer.from(signed).toJSON()
              socket.send(JSON.stringify({ type: 'challenge', sig }))
              break
            }
            case 'token':
              resolve(data.value)
          }
        }
      }
    })
}

it('an app of the tutorial logs in, asks for its token, and creates a thread', async () => {
  const { hub, server } = await startWithDevHub()
  const identity = PrivateKey.fromRandom()
  const callback = tutorialLogin(server.url, identity)
  const client = Client.withUserAuth(callback, hub.url)

  await client.getToken(identity)
  const thread = await client.newDB(undefined, 'from-the-tutorial')
  const threads = await client.listThreads()
  expect(threads.map(({ id, name }) => [id, name])).toEqual([
    [thread.toString(), 'from-the-tutorial'],
  ])
})

it('a UserAuth serves Buckets and Users', async () => {
  const { hub, server } = await startWithDevHub()
  const callback = tutorialLogin(server.url, PrivateKey.fromRandom())

  const buckets = Buckets.withUserAuth(callback, { host: hub.url })
  const { root } = await buckets.getOrCreate('files')
  expect(root?.name).toBe('files')

  const client = Client.withUserAuth(callback, hub.url)
  await client.newDB(undefined, 'seen-by-users')
  const users = Users.withUserAuth(await callback(), { host: hub.url })
  expect((await users.getThread('seen-by-users')).name).toBe('seen-by-users')
})

it('an app of the tutorial knows nothing of renewals, and logs in again when it has to', async () => {
  const { hub, server } = await startWithDevHub({ userAuthTtl: 1 })
  const callback = vi.fn(tutorialLogin(server.url, PrivateKey.fromRandom()))
  const client = Client.withUserAuth(callback, hub.url)
  expect(await client.listThreads()).toEqual([])
  const userAuth = await callback.mock.results[0]?.value
  // What the SDK gets is what it got before there were any.
  expect(Object.keys(userAuth)).toEqual(['key', 'sig', 'msg', 'token'])
  await vi.waitUntil(() => Date.now() > Date.parse(userAuth.msg), { timeout: 5_000 })
  expect(await client.listThreads()).toEqual([])
  expect(callback).toHaveBeenCalledTimes(2)
})

it('an app of the tutorial is told why it is refused', async () => {
  const { server } = await startWithDevHub()
  const impostor = PrivateKey.fromRandom()
  const victim = PrivateKey.fromRandom()
  impostor.pubKey = victim.pubKey
  await expect(tutorialLogin(server.url, impostor)()).rejects.toMatch(/signature/)
})
