import { Buckets, Client, PrivateKey, Users } from '@textile/hub'
import type { DevHub } from '../../src/dev-hub/hub.js'
import type { StoredApiKey } from '../../src/dev-hub/login/api-keys.js'

/** The SDK's three classes, unmodified, logged in to a Hub as one user: a new one, unless given. */
export async function loggedIn(
  hub: DevHub,
  { key, secret }: StoredApiKey,
  identity = PrivateKey.fromRandom(),
) {
  const client = await Client.withKeyInfo({ key, secret }, hub.url)
  const token = await client.getToken(identity)
  const buckets = await Buckets.withKeyInfo({ key, secret }, { host: hub.url })
  await buckets.getToken(identity)
  const users = await Users.withKeyInfo({ key, secret }, { host: hub.url })
  await users.getToken(identity)
  return { client, buckets, users, identity, token, pubkey: identity.public.toString() }
}
