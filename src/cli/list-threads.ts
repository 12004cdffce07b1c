import { Client } from '@textile/hub'
import type { UserAuth } from '../protocol.js'
import { Failure } from './failure.js'

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
 * @param deadline - in milliseconds: the SDK itself would wait for ever
 * @throws Failure `hub_failed`
 */
export async function listThreads(
  userAuth: UserAuth,
  hub: string,
  deadline: number,
): Promise<Thread[]> {
  let giveUp: (reason: unknown) => void = () => {}
  const failed = new Promise<never>((_, reject) => {
    giveUp = reject
  })
  const timer = setTimeout(() => giveUp(new Error(`no answer in ${deadline} ms`)), deadline)
  // The SDK throws some faults in listeners of its own socket, where no caller can catch them:
  // for one, when a field of the UserAuth has characters that no header can carry.
  process.once('uncaughtException', giveUp)
  try {
    const threads = await Promise.race([Client.withUserAuth(userAuth, hub).listThreads(), failed])
    return threads.map(({ id, name = '' }) => ({ id, name }))
  } catch (error) {
    throw new Failure(
      'hub_failed',
      `The login went well, but the Hub at ${hub} did not list the identity's threads. Check that it is running, and that it is the Hub which the login server uses.`,
      { cause: error },
    )
  } finally {
    clearTimeout(timer)
    process.off('uncaughtException', giveUp)
  }
}
