import { join } from 'node:path'
import Libsql from 'libsql'
import type { UsersConfig } from '../../src/users/open-user-store.js'
import { query } from './postgres-database.js'

/** Executes a statement in the store of the users, as another program would. */
export async function executeInStore(users: UsersConfig, sql: string): Promise<void> {
  if (users.kind === 'postgres') {
    await query(users.url, sql)
    return
  }
  const file = new Libsql(join(users.folder, 'users.sqlite'))
  file.exec(sql)
  file.close()
}

/** Makes it so that a user was last seen that much earlier. */
export async function letPass(users: UsersConfig, pubkey: string, seconds: number): Promise<void> {
  const time = users.kind === 'postgres' ? `INTERVAL '${seconds} seconds'` : seconds * 1000
  const set = `UPDATE userauth_users SET last_seen = last_seen - ${time}`
  await executeInStore(users, `${set} WHERE pubkey = '${pubkey}'`)
}
