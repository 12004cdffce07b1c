import { readUsersConfig } from '../config/config.js'
import { ConfigError, explainUserStoreError } from '../config/config-error.js'
import { readEnvironment } from '../config/environment.js'
import { openUserStore } from '../users/open-user-store.js'
import { type Page, type User, type UserStore, UserStoreError } from '../users/user-store.js'
import { CommandError } from './command.js'
import {
  blockedText,
  listText,
  signedOutText,
  unblockedText,
  userJson,
  userText,
} from './users-text.js'

/** What is asked of the store of users. */
export type UsersRequest =
  | { readonly name: 'list'; readonly page: Page }
  | { readonly name: 'show' | 'unblock' | 'sign-out'; readonly pubkey: string }
  | { readonly name: 'block'; readonly pubkey: string; readonly reason: string }

/** What the store has answered: for people, and for programs. */
export interface UsersAnswer {
  readonly text: string
  readonly json: object
}

/**
 * Asks the store that is configured about users, or changes who may log in.
 *
 * @throws CommandError
 */
export async function askUsers(request: UsersRequest): Promise<UsersAnswer> {
  try {
    const store = await openUserStore(readUsersConfig(readEnvironment())).catch(
      explainUserStoreError,
    )
    try {
      return await ask(store, request)
    } finally {
      await store.close()
    }
  } catch (error) {
    return explain(error)
  }
}

async function ask(store: UserStore, request: UsersRequest): Promise<UsersAnswer> {
  switch (request.name) {
    case 'list':
      return list(request.page, store)
    case 'show':
      return show(known(await store.find(request.pubkey)), userText)
    case 'block':
      return show(await store.block(request.pubkey, request.reason), blockedText)
    case 'unblock':
      return show(known(await store.unblock(request.pubkey)), unblockedText)
    case 'sign-out':
      return show(await store.signOut(request.pubkey), signedOutText)
  }
}

async function list({ limit, after }: Page, store: UserStore): Promise<UsersAnswer> {
  // One more than is shown tells whether there are more.
  const found = await store.list({ limit: limit + 1, after })
  const users = found.slice(0, limit)
  const next = found.length > limit ? users.at(-1)?.pubkey : undefined
  const json = { users: users.map(userJson), next: next ?? null }
  return { text: listText(users, next), json }
}

function show(user: User, text: (user: User) => string): UsersAnswer {
  return { text: text(user), json: { user: userJson(user) } }
}

function known(user: User | undefined): User {
  if (user) return user
  throw new CommandError(
    'unknown_user',
    'This public key has never logged in, nor been blocked or signed out.',
  )
}

/** Turns errors that the operator can mend into the command's. */
function explain(error: unknown): never {
  if (error instanceof ConfigError)
    throw new CommandError('bad_config', error.message, { cause: error })
  if (error instanceof UserStoreError)
    throw new CommandError('store_failed', `${error.message}: ${String(error.cause)}`, {
      cause: error,
    })
  throw error
}
