import { PrivateKey } from '@textile/hub'
import { LoginError } from '../client/login-error.js'
import { loginWithChallenge } from '../client/node.js'
import type { LoginStep } from '../client/types.js'
import type { UserAuth } from '../protocol.js'
import { CommandError } from './command.js'
import { readKeyFile } from './key-file.js'
import { listThreads, type Thread } from './list-threads.js'
import { headingText, stepText, threadsText, userAuthText } from './login-text.js'
import { watchSession } from './watch-session.js'

/** What a login from the terminal is told. */
export interface LoginRequest {
  /** Address of the login server: `ws:` or `wss:`. */
  readonly url: string
  /** File with the text of an identity's private key; without one a random identity logs in. */
  readonly key: string | undefined
  /** Address of the Hub that proves the login: `http:` or `https:`, without a slash at its end. */
  readonly hub: string | undefined
  /** Whether to keep the session after the login, until the process is told to stop. */
  readonly watch: boolean
}

/** How long the Hub may take to list the threads, in seconds. */
const HUB_DEADLINE = 10

/** What has come of a login. */
export interface LoginResult {
  readonly steps: readonly LoginStep[]
  readonly userAuth: UserAuth
  /** The identity's threads, where a Hub was asked for them. */
  readonly threads?: readonly Thread[]
}

/**
 * Logs in, and proves it if a Hub is named.
 *
 * @param print - prints text for people, step by step
 * @throws CommandError
 */
export async function logIn(
  { url, key, hub, watch }: LoginRequest,
  print: (text: string) => void,
): Promise<LoginResult> {
  const identity = key === undefined ? PrivateKey.fromRandom() : await readKeyFile(key)
  print(headingText(url, identity.public.toString(), key === undefined))

  const steps: LoginStep[] = []
  const onStep = (step: LoginStep) => {
    // A session that is kept for days has more steps than anybody asks for.
    if (!watch) steps.push(step)
    print(stepText(step))
  }
  const stop = new AbortController()
  const { signal } = stop
  // One login shows the first error as it is; a session is to survive a restart of the server.
  const settings = watch ? { url, onStep, signal } : { url, onStep, retries: 0 }
  const logInAgain = loginWithChallenge(identity, settings)
  const userAuth = await logInAgain().catch(explain)
  print(userAuthText(userAuth, Date.now()))
  let threads: readonly Thread[] | undefined
  if (hub !== undefined) {
    threads = await listThreads(userAuth, hub, HUB_DEADLINE)
    print(threadsText(threads, hub))
  }
  if (watch) await watchSession(logInAgain, userAuth, stop, print).catch(explain)
  return { steps, userAuth, ...(threads && { threads }) }
}

/** Turns the error of a login into the command's. */
function explain(error: unknown): never {
  if (!(error instanceof LoginError)) throw error
  const { code, message, id } = error
  const advice = isAway(error) ? ' To start one here: npm start, or textile-userauth start' : ''
  throw new CommandError(code, `${message}${advice}`, { cause: error, ...(id && { id }) })
}

/** Whether no server listens there, so that one may have to be started. */
function isAway({ code, cause }: LoginError): boolean {
  if (code !== 'connection_failed' || !(cause instanceof Error)) return false
  return 'code' in cause && cause.code === 'ECONNREFUSED'
}
