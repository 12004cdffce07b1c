import type { Client } from '@textile/hub'
import { withDeadline } from '../deadline.js'
import { HubError } from './hub.js'
import type { HubAddress } from './sdk-hub.js'

/** The failure of a Hub that has not answered in time. */
export const LATE = new HubError('the Hub took too long')

/**
 * Asks a Hub for the list of a user's threads, without a user's token: what it answers tells
 * whether it is a Hub, and what it holds of the key. No reply reaches the SDK, which throws where
 * nothing catches if an entry is no thread. That there is a reply, however long and however the
 * call goes on, is success.
 *
 * @param client - a fresh client, with the key that is asked with
 * @param timeout - in seconds
 * @returns how it failed, with the Hub's status if there was one; `undefined` where it did not fail
 */
export async function listThreads(
  client: Client,
  address: HubAddress,
  timeout: number,
): Promise<HubError | undefined> {
  const transport = address.openTransport()
  const ended = new Promise<void>((resolve) => {
    client.rpcOptions.transport = (options) =>
      transport.factory({ ...options, onChunk: () => {}, onEnd: () => resolve() })
  })
  try {
    const answer = Promise.race([ended, client.listThreads(), transport.failed])
    await withDeadline(timeout, answer, () => {
      transport.release('late')
      return LATE
    })
    return undefined
  } catch (error) {
    if (transport.hasReplied) return undefined
    return error instanceof HubError
      ? error
      : new HubError('the Hub was not asked', { cause: error })
  } finally {
    transport.release()
  }
}
