import { z } from 'zod'
import type { User } from './user-store.js'

/** PostgreSQL hands out a Date, SQLite milliseconds since 1970. */
const time = z.union([z.date(), z.int().transform((ms) => new Date(ms))])

/** PostgreSQL hands out its 64-bit integers as text. */
const count = z.union([z.int(), z.string().regex(/^\d+$/).transform(Number)])

const userRow = z.object({
  pubkey: z.string(),
  first_seen: time.nullable(),
  last_seen: time.nullable(),
  logins: count,
  blocked_at: time.nullable(),
  block_reason: z.string().nullable(),
})

/** The columns that {@link readUser} needs. */
export const USER_COLUMNS = Object.keys(userRow.shape).join(', ')

/** Reads a user from a row of either database. @throws ZodError where the row is none of ours */
export function readUser(row: unknown): User {
  const read = userRow.parse(row)
  return {
    pubkey: read.pubkey,
    firstSeen: read.first_seen ?? undefined,
    lastSeen: read.last_seen ?? undefined,
    logins: read.logins,
    block: read.blocked_at
      ? { reason: read.block_reason ?? '', since: read.blocked_at }
      : undefined,
  }
}
