import { Client, PrivateKey, ThreadID } from '@textile/hub'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { type DevHub, startDevHub } from '../../src/dev-hub/hub.js'
import { createApiKey } from '../../src/dev-hub/login/api-keys.js'
import { readTokenClaims } from '../../src/keys/token.js'

const user = createApiKey()
const account = createApiKey({ isAccount: true })
let hub: DevHub

beforeEach(async () => {
  hub = await startDevHub({ apiKeys: [user, account] })
  onTestFinished(() => hub.close())
})

/** A client of the unmodified SDK, logged in with a new identity. */
async function loggedIn(apiKey = user, identity = PrivateKey.fromRandom()) {
  const client = await Client.withKeyInfo({ key: apiKey.key, secret: apiKey.secret }, hub.url)
  const token = await client.getToken(identity)
  return { client, identity, token }
}

async function namesOf(client: Client): Promise<string[]> {
  return (await client.listThreads()).map(({ name }) => name ?? '')
}

describe("the SDK's client, unmodified,", () => {
  it('logs in, and creates, finds, lists and deletes a thread', async () => {
    const { client, identity, token } = await loggedIn()
    expect(readTokenClaims(token)?.sub).toBe(identity.public.toString())
    expect(readTokenClaims(token)?.iss).toBe(hub.issuer)

    const id = await client.newDB(ThreadID.fromRandom(), 'my-thread')
    expect(await client.listThreads()).toEqual([{ id: id.toString(), name: 'my-thread' }])
    expect((await client.getThread('my-thread')).id).toBe(id.toString())
    await client.deleteDB(id)
    const { client: anew } = await loggedIn(user, identity)
    expect(await anew.listThreads()).toEqual([])
  })

  it('keeps users apart', async () => {
    const [ada, bob] = [await loggedIn(), await loggedIn()]
    const id = await ada.client.newDB(ThreadID.fromRandom(), 'shared-name')
    expect(await namesOf(bob.client)).toEqual([])
    await expect(bob.client.deleteDB(id)).rejects.toThrow('User does not own thread')
    await bob.client.newDB(ThreadID.fromRandom(), 'shared-name')
    expect(await namesOf(ada.client)).toEqual(['shared-name'])
  })

  it("acts as the account's owner with an account key, whoever logs in", async () => {
    const [ada, bob] = [await loggedIn(account), await loggedIn(account)]
    await ada.client.newDB(ThreadID.fromRandom(), 'of-ada')
    expect(await namesOf(bob.client)).toEqual(['of-ada'])
  })

  it('is one user whichever way the public key is spelt', async () => {
    const { client, identity } = await loggedIn()
    const shouting = await Client.withKeyInfo(user, hub.url)
    const pubkey = identity.public.toString()
    const token = await shouting.getTokenChallenge(pubkey.toUpperCase(), (challenge) =>
      identity.sign(challenge),
    )
    expect(readTokenClaims(token)?.sub).toBe(pubkey)
    await client.newDB(ThreadID.fromRandom(), 'mine')
    expect(await namesOf(shouting)).toEqual(['mine'])
  })

  it('is refused with a wrong secret, a wrong key, or the signature of somebody else', async () => {
    const { secret } = createApiKey()
    await expect(loggedIn({ ...user, secret })).rejects.toThrow('Bad API key signature')
    await expect(loggedIn(createApiKey())).rejects.toThrow('API key not found or is invalid')
    const client = await Client.withKeyInfo(user, hub.url)
    const pubkey = PrivateKey.fromRandom().public.toString()
    const stranger = PrivateKey.fromRandom()
    const stolen = client.getTokenChallenge(pubkey, (challenge) => stranger.sign(challenge))
    await expect(stolen).rejects.toThrow('bad signature')
  })

  it('is refused with a key that was revoked meanwhile', async () => {
    const { client } = await loggedIn()
    user.isRevoked = true
    onTestFinished(() => {
      user.isRevoked = false
    })
    await expect(client.listThreads()).rejects.toThrow('API key not found or is invalid')
  })

  it('is refused with a forged token, for reading too', async () => {
    const victim = await loggedIn()
    const other = await startDevHub({ apiKeys: [user] })
    onTestFinished(() => other.close())
    const { client } = await loggedIn()
    const forger = await Client.withKeyInfo(user, other.url)
    client.context.withToken(await forger.getToken(victim.identity))
    await expect(client.listThreads()).rejects.toThrow('invalid thread token')
    await expect(client.getThread('x')).rejects.toThrow('invalid thread token')
    await expect(client.newDB()).rejects.toThrow('invalid thread token')
  })

  it.each(['-x', 'x-', 'a--b', 'a b', 'a_b', 'a.b'])('may not name a thread %j', async (name) => {
    const { client } = await loggedIn()
    await expect(client.newDB(ThreadID.fromRandom(), name)).rejects.toThrow('name may only')
  })

  it('may not use the name or the ID of a thread twice', async () => {
    const { client } = await loggedIn()
    const id = await client.newDB(ThreadID.fromRandom(), 'once')
    await expect(client.newDB(ThreadID.fromRandom(), 'once')).rejects.toThrow('of this name')
    await expect(client.newDB(id, 'again')).rejects.toThrow('of this ID')
  })
})
