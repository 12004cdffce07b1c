import type { User } from '../users/user-store.js'
import { plain } from './command.js'

/** What a block can't do, told to whoever sets one. */
const LIMITS_OF_A_BLOCK = `  The block stops logins and renewals, and nothing else:
  - Tokens already handed out to this user never expire, and the Hub goes on taking them.
  - API signatures are not bound to a user: another user's serves with such a token as well.
`

/** What ending sessions can't do, told to whoever ends them. */
const LIMITS_OF_A_SIGN_OUT = `  No session of this user is renewed any more. The user can log in again:
  - To keep the user out, block the key.
  - API signatures already handed out work until they expire, in USER_AUTH_TTL at most.
`

/** The list, as a table. @param next - the key to go on behind, where there are more users */
export function listText(users: readonly User[], next: string | undefined): string {
  if (users.length === 0) return '\n  No users.\n\n'
  const head = ['PUBLIC KEY', 'FIRST SEEN', 'LAST SEEN', 'LOGINS', 'BLOCKED']
  const rows = [head, ...users.map(cellsOf)]
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) => {
    const cells = row.map((cell, column) => cell.padEnd(widths[column] ?? 0))
    return `  ${cells.join('  ').trimEnd()}\n`
  })
  const more =
    next === undefined ? '' : `\n  There are more: textile-userauth users list --after ${next}\n`
  return `\n${lines.join('')}${more}\n`
}

/** One user. */
export function userText(user: User): string {
  const [pubkey, firstSeen, lastSeen, logins, blocked] = cellsOf(user)
  return `
  public key  ${pubkey}
  first seen  ${firstSeen}
  last seen   ${lastSeen}
  logins      ${logins}
  renewals    ${user.renewals}
  blocked     ${blocked || 'no'}

`
}

/** A user who has just been blocked, and what that does not do. */
export function blockedText(user: User): string {
  return `\n  Blocked.\n${userText(user)}${LIMITS_OF_A_BLOCK}\n`
}

/** A user whose sessions have just been ended, and what that does not do. */
export function signedOutText(user: User): string {
  return `\n  Signed out.\n${userText(user)}${LIMITS_OF_A_SIGN_OUT}\n`
}

/** A user who may log in again. */
export function unblockedText(user: User): string {
  return `\n  Not blocked any more.\n${userText(user)}`
}

/** A user for `--json`: every field is there, times are RFC 3339, and what is missing is null. */
export function userJson({ pubkey, firstSeen, lastSeen, logins, renewals, block }: User): object {
  return {
    pubkey,
    firstSeen: firstSeen ?? null,
    lastSeen: lastSeen ?? null,
    logins,
    renewals,
    block: block ?? null,
  }
}

/** Public key, first seen, last seen, logins, and since when and why it is blocked. */
function cellsOf({ pubkey, firstSeen, lastSeen, logins, block }: User): string[] {
  const blocked = block ? `${timeText(block.since)}: ${plain(block.reason)}` : ''
  return [plain(pubkey), timeText(firstSeen), timeText(lastSeen), String(logins), blocked]
}

/** To the second, in UTC. */
function timeText(time: Date | undefined): string {
  return time ? `${time.toISOString().slice(0, 19).replace('T', ' ')}Z` : 'never'
}
