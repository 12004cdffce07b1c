import { once } from 'node:events'
import { Client } from '@textile/hub'
import { withDeadline } from '../deadline.js'
import type { UserAuth } from '../protocol.js'
import { CommandError } from './command.js'

/** A thread of a user's, as a Hub lists it. */
export interface Thread {
  readonly id: string
  /** Empty where the thread has none. */
  readonly name: string
}

/**
 * Lists the user's threads at a Hub: the proof that a `UserAuth` is good.
 *
 * @param hub - the Hub's address: `http:` or `https:`
 * @param deadline - in seconds: the SDK itself would wait indefinitely
 * @throws CommandError `hub_failed`
 */
export async function listThreads(
  userAuth: UserAuth,
  hub: string,
  deadline: number,
): Promise<Thread[]> {
  // The SDK throws some errors in listeners of its own socket, where no caller can catch them:
  // for one, when a field of the UserAuth has characters that no header can carry.
  const over = new AbortController()
  const thrown = once(process, 'uncaughtException', { signal: over.signal }).then(([error]) => {
    throw error
  })
  try {
    const listed = Promise.race([Client.withUserAuth(userAuth, hub).listThreads(), thrown])
    const lateError = () => new Error(`no answer in ${deadline} s`)
    const threads = await withDeadline(deadline, listed, lateError)
    return threads.map(({ id, name = '' }) => ({ id, name }))
  } catch (cause) {
    throw new CommandError(
      'hub_failed',
      `The login went well, but the Hub at ${hub} did not list the identity's threads. Check that it is running, and that it is the Hub which the login server uses.`,
      { cause },
    )
  } finally {
    over.abort()
  }
}
