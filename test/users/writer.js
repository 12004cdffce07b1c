/**
 * A process that records logins of one user, for `user-store.test.ts`. It gets the store's
 * configuration as its argument, and over IPC first a public key, then how many logins to record;
 * it answers `ready` once the store is open, and then each login's number once it is recorded.
 */
import { once } from 'node:events'
import { openUserStore } from '../../dist/users/open-user-store.js'

const store = await openUserStore(JSON.parse(process.argv[2]))
process.send('ready')
const [{ pubkey, logins }] = await once(process, 'message')
for (let login = 1; login <= logins; login++) {
  await store.recordLogin(pubkey)
  process.send(login)
}
await store.close()
process.disconnect()
