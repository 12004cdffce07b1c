/** `npm run users`: who the users are, and who of them may not log in. */
import { readUsersConfig } from '../config/config.js'
import { ConfigError, explainUserStoreError } from '../config/config-error.js'
import { readEnvironment } from '../config/environment.js'
import { openUserStore } from '../users/open-user-store.js'
import { type Page, type User, type UserStore, UserStoreError } from '../users/user-store.js'
import { Failure } from './failure.js'
import { plain } from './text.js'
import { parseUsersArguments, USERS_USAGE, type UsersCommand } from './users-arguments.js'
import {
  blockedText,
  listText,
  signedOutText,
  unblockedText,
  userJson,
  userText,
} from './users-text.js'

/** What a command has to say: to people, and with `--json` to programs. */
interface Result {
  readonly text: string
  readonly json: object
}

type StoreCommand = Exclude<UsersCommand, { name: 'help' }>

async function run(command: StoreCommand): Promise<Result> {
  const users = readUsersConfig(readEnvironment())
  const store = await openUserStore(users).catch(explainUserStoreError)
  try {
    return await execute(command, store)
  } finally {
    await store.close()
  }
}

async function execute(command: StoreCommand, store: UserStore): Promise<Result> {
  switch (command.name) {
    case 'list':
      return list(command.page, store)
    case 'show':
      return show(known(await store.find(command.pubkey)), userText)
    case 'block':
      return show(await store.block(command.pubkey, command.reason), blockedText)
    case 'unblock':
      return show(known(await store.unblock(command.pubkey)), unblockedText)
    case 'sign-out':
      return show(await store.signOut(command.pubkey), signedOutText)
  }
}

async function list({ limit, after }: Page, store: UserStore): Promise<Result> {
  // One more than is shown tells whether there are more.
  const found = await store.list({ limit: limit + 1, after })
  const users = found.slice(0, limit)
  const next = found.length > limit ? users.at(-1)?.pubkey : undefined
  const json = { users: users.map(userJson), next: next ?? null }
  return { text: listText(users, next), json }
}

function show(user: User, text: (user: User) => string): Result {
  return { text: text(user), json: { user: userJson(user) } }
}

function known(user: User | undefined): User {
  if (user) return user
  throw new Failure(
    'unknown_user',
    'This public key has never logged in, nor been blocked or signed out.',
  )
}

/** Says in a code and in words what has gone wrong. */
function describe(error: unknown): { code: string; message: string } {
  if (error instanceof Failure) return { code: error.code, message: error.message }
  if (error instanceof ConfigError) return { code: 'bad_config', message: error.message }
  if (error instanceof UserStoreError)
    return { code: 'store_failed', message: `${error.message}: ${String(error.cause)}` }
  return { code: 'internal', message: `This command has a fault: ${String(error)}` }
}

/** Runs the command and returns its exit status. */
async function main(args: readonly string[]): Promise<number> {
  // Looked for in this plain way because a wrong command line is answered in JSON as well.
  const isJson = args.includes('--json')
  try {
    const command = parseUsersArguments(args)
    if (command.name === 'help') process.stdout.write(USERS_USAGE)
    else {
      const { text, json } = await run(command)
      process.stdout.write(isJson ? line({ ok: true, ...json }) : text)
    }
    return 0
  } catch (error) {
    const { code, message } = describe(error)
    if (isJson) process.stdout.write(line({ ok: false, code, message }))
    else process.stderr.write(`\n  Failed: ${code}\n  ${plain(message)}\n`)
    if (code === 'usage') process.stderr.write(`\n${USERS_USAGE}`)
    return 1
  }
}

function line(result: object): string {
  return `${JSON.stringify(result)}\n`
}

process.exitCode = await main(process.argv.slice(2))
