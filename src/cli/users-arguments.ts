import { parseArgs } from 'node:util'
import { parsePublicKey } from '../keys/public-key.js'
import type { Page } from '../users/user-store.js'
import { Failure } from './failure.js'
import { orUsage } from './usage.js'

/** What the command line asks for. */
export type UsersCommand =
  | { readonly name: 'help' }
  | { readonly name: 'list'; readonly page: Page }
  | { readonly name: 'show' | 'unblock' | 'sign-out'; readonly pubkey: string }
  | { readonly name: 'block'; readonly pubkey: string; readonly reason: string }

/** How many users `list` shows unless told otherwise, and at the most. */
const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1_000

/** The most characters that a reason may have: it is a note, and shown in one line. */
const MAX_REASON_LENGTH = 200

/** How to call the command. */
export const USERS_USAGE = `Usage: npm run users -- list [--limit N] [--after KEY] [--json]
       npm run users -- show KEY [--json]
       npm run users -- block KEY --reason TEXT [--json]
       npm run users -- unblock KEY [--json]
       npm run users -- sign-out KEY [--json]

  list           users by public key
  show           one user
  block          keep a user out from now on, whether or not seen before
  unblock        let a user in again
  sign-out       end all sessions of a user, who can log in again
  KEY            a public key, as lists show it: 59 characters, the first is "b"
  --reason TEXT  why, for operators: at most ${MAX_REASON_LENGTH} characters
  --limit N      how many users to list: ${DEFAULT_LIMIT} unless set, at most ${MAX_LIMIT}
  --after KEY    list those behind this key
  --json         print one line of JSON

The users are those of DATABASE_URL or DATA_DIR, from the environment or the file .env.
`

/** Reads the command line. @throws Failure `usage` */
export function parseUsersArguments(args: readonly string[]): UsersCommand {
  const { values, positionals } = parse(args)
  if (values.help) return { name: 'help' }
  const [name, ...operands] = positionals
  const { json: _, help: __, ...options } = values
  switch (name) {
    case 'list':
      refuseAllBut(options, 'limit', 'after')
      if (operands.length > 0) throw usage('list takes no key: to see one user, use show.')
      return { name, page: { limit: readLimit(options.limit), after: readAfter(options.after) } }
    case 'show':
    case 'unblock':
    case 'sign-out':
      refuseAllBut(options)
      return { name, pubkey: readOnlyKey(operands) }
    case 'block':
      refuseAllBut(options, 'reason')
      return { name, pubkey: readOnlyKey(operands), reason: readReason(options.reason) }
    default:
      throw usage('Say what to do: list, show, block, unblock or sign-out.')
  }
}

function parse(args: readonly string[]) {
  return orUsage(() =>
    parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        reason: { type: 'string' },
        limit: { type: 'string' },
        after: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }),
  )
}

/** An option that does nothing would leave the operator in the belief that it did. */
function refuseAllBut(options: object, ...allowed: string[]): void {
  const stray = Object.keys(options).find((option) => !allowed.includes(option))
  if (stray !== undefined) throw usage(`--${stray} does not belong here.`)
}

function readOnlyKey([text, ...rest]: readonly string[]): string {
  if (text === undefined || rest.length > 0) throw usage('Give one public key.')
  return readKey(text)
}

function readKey(text: string): string {
  if (parsePublicKey(text)) return text
  throw usage(
    'This is not a public key: it must be as the list shows it, 59 characters in lower case, the first of them "b".',
  )
}

function readAfter(text: string | undefined): string | undefined {
  return text === undefined ? undefined : readKey(text)
}

function readLimit(text = String(DEFAULT_LIMIT)): number {
  const limit = /^\d+$/.test(text) ? Number(text) : 0
  if (limit >= 1 && limit <= MAX_LIMIT) return limit
  throw usage(`--limit must be a whole number, 1 to ${MAX_LIMIT}.`)
}

function readReason(text = ''): string {
  const reason = text.trim()
  if (reason === '') throw usage('Say why, with --reason TEXT.')
  if (/\p{Cc}/u.test(reason)) throw usage('--reason must be one line, without control characters.')
  if ([...reason].length <= MAX_REASON_LENGTH) return reason
  throw usage(`--reason must have at most ${MAX_REASON_LENGTH} characters.`)
}

function usage(message: string): Failure {
  return new Failure('usage', message)
}
