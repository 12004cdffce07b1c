import type { Command } from 'commander'
import { parsePublicKey } from '../keys/public-key.js'
import { runCommand } from './command.js'
import type { UsersRequest } from './users.js'

/** The commands' options as they are typed. */
interface UsersFlags {
  readonly json?: true
}
interface ListFlags extends UsersFlags {
  readonly limit: string
  readonly after?: string
}
interface BlockFlags extends UsersFlags {
  readonly reason: string
}

/** How many users `list` shows unless told otherwise, and at the most. */
const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1_000

/** The most characters that a reason may have: it is a note, and shown in one line. */
const MAX_REASON_LENGTH = 200

/** Adds `users` to the program: who the users are, and who of them may not log in. */
export function addUsers(program: Command): void {
  const users = program
    .command('users')
    .description('see who has logged in, and say who may not')
    .addHelpText(
      'after',
      `
The users are those of DATABASE_URL or DATA_DIR, from the environment or the file .env.
A key is a public key as lists show it: 59 characters, the first is "b".`,
    )

  const list = withJson(users.command('list'))
    .description('list users by public key')
    .option('--limit <n>', `how many users, at most ${MAX_LIMIT}`, String(DEFAULT_LIMIT))
    .option('--after <key>', 'list those behind this key')
  list.action(({ json, limit, after }: ListFlags) => {
    const page = { limit: readLimit(list, limit), after: after && readKey(list, after) }
    return run(json, { name: 'list', page })
  })

  addForKey(users, 'show', 'show one user')

  const block = withJson(users.command('block').argument('<key>'))
    .description('keep a user out from now on, whether or not seen before')
    .requiredOption(
      '--reason <text>',
      `why, for operators: at most ${MAX_REASON_LENGTH} characters`,
    )
  block.action((key: string, { json, reason }: BlockFlags) =>
    run(json, {
      name: 'block',
      pubkey: readKey(block, key),
      reason: readReason(block, reason),
    }),
  )

  addForKey(users, 'unblock', 'let a user in again')
  addForKey(
    users,
    'sign-out',
    "end a user's sessions, without blocking: the next login is accepted",
  )
}

/** Adds a command that takes a public key, and nothing else. */
function addForKey(
  users: Command,
  name: 'show' | 'unblock' | 'sign-out',
  description: string,
): void {
  const command = withJson(users.command(name).argument('<key>')).description(description)
  command.action((key: string, { json }: UsersFlags) =>
    run(json, { name, pubkey: readKey(command, key) }),
  )
}

function withJson(command: Command): Command {
  return command.option('--json', 'print one line of JSON')
}

function run(json: true | undefined, request: UsersRequest): Promise<void> {
  return runCommand(json === true, async (print) => {
    const { askUsers } = await import('./users.js')
    const { text, json } = await askUsers(request)
    print(text)
    return json
  })
}

function readKey(command: Command, text: string): string {
  if (parsePublicKey(text)) return text
  return command.error(
    'error: this is not a public key: it must be as the list shows it, 59 characters in lower case, the first of them "b"',
  )
}

function readLimit(command: Command, text: string): number {
  const limit = /^\d+$/.test(text) ? Number(text) : 0
  if (limit >= 1 && limit <= MAX_LIMIT) return limit
  return command.error(`error: --limit must be a whole number, 1 to ${MAX_LIMIT}`)
}

function readReason(command: Command, text: string): string {
  const reason = text.trim()
  if (reason === '') return command.error('error: say why, with --reason TEXT')
  if (/\p{Cc}/u.test(reason))
    return command.error('error: --reason must be one line, without control characters')
  if ([...reason].length <= MAX_REASON_LENGTH) return reason
  return command.error(`error: --reason must have at most ${MAX_REASON_LENGTH} characters`)
}
