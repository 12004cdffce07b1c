import { Client } from '@textile/hub'
import { withDeadline } from '../deadline.js'
import { type CallStatus, Status } from '../grpc/status.js'
import type { ApiKey } from './api-key.js'
import { CallSigner } from './call-signer.js'
import { HubError } from './hub.js'
import type { HubAddress } from './sdk-hub.js'

/**
 * What the Hub says of the server's key:
 * - `secured`: a user group key with signatures demanded, the only kind to run a server with;
 * - `unsecured`: a user group key that works without signature, for whoever has seen it, for ever;
 * - `account`: an account key, with which every user acts as the account's owner;
 * - `unknown`: a key that the Hub doesn't have, or that was revoked;
 * - `wrong_secret`: a secret that isn't the key's, or a clock that is off;
 * - `unsupported`: the Hub lacks the method that would tell;
 * - `unreachable`: no answer that tells anything.
 */
export type ApiKeyFinding =
  | 'secured'
  | 'unsecured'
  | 'account'
  | 'unknown'
  | 'wrong_secret'
  | 'unsupported'
  | 'unreachable'

/**
 * Asks the Hub which kind of key the server has, by `ListThreads` without a user's token: once
 * with an API signature, which tells a user group key from an account key, and once without,
 * which tells whether signatures are demanded. The answers are those of hubd 2.6.
 *
 * @param timeout - for each of the two calls, in seconds
 */
export async function checkApiKey(
  address: HubAddress,
  apiKey: ApiKey,
  timeout: number,
): Promise<ApiKeyFinding> {
  const { key } = apiKey
  const signed = Client.withUserAuth(new CallSigner(apiKey).sign(), address.url)
  const finding = judgeSigned(await listThreads(signed, address, timeout))
  if (finding !== 'secured') return finding
  const unsigned = await Client.withKeyInfo({ key }, address.url)
  return judgeUnsigned(await listThreads(unsigned, address, timeout))
}

/** @returns how the Hub ended the call, or `undefined` where it ended without a status, or late */
async function listThreads(
  client: Client,
  address: HubAddress,
  timeout: number,
): Promise<CallStatus | undefined> {
  const transport = address.openTransport()
  client.rpcOptions.transport = transport.factory
  try {
    const reply = Promise.race([client.listThreads(), transport.failed])
    await withDeadline(timeout, reply, () => {
      transport.release('late')
      return new HubError('the Hub took too long')
    })
    return { code: Status.Ok, message: '' }
  } catch (error) {
    return error instanceof HubError ? error.status : undefined
  } finally {
    transport.release()
  }
}

/** `secured` here means a user group key, secured or not. */
function judgeSigned(status: CallStatus | undefined): ApiKeyFinding {
  switch (status?.code) {
    case Status.Ok:
      return 'account'
    case Status.NotFound:
      return 'unknown'
    case Status.Unimplemented:
      return 'unsupported'
    case Status.Unauthenticated:
      if (status.message === 'Token required') return 'secured'
      if (status.message === 'Bad API key signature') return 'wrong_secret'
      return 'unreachable'
    default:
      return 'unreachable'
  }
}

function judgeUnsigned(status: CallStatus | undefined): ApiKeyFinding {
  if (status?.code !== Status.Unauthenticated) return 'unreachable'
  if (status.message === 'API key signature required') return 'secured'
  if (status.message === 'Token required') return 'unsecured'
  return 'unreachable'
}
