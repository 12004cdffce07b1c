import { Client } from '@textile/hub'
import { type CallStatus, Status } from '../grpc/status.js'
import type { ApiKey } from '../keys/api-signature.js'
import type { HubError } from './hub.js'
import { listThreads } from './list-threads.js'
import { CallSigner, type HubAddress } from './sdk-hub.js'
import { explainUnreachable } from './unreachable.js'

/** What the Hub's answers say of a key, and what the server does then. */
export interface KeyKind {
  /** Runs with the key, runs and warns, asks again later, or refuses to run with it. */
  readonly action: 'run' | 'warn' | 'retry' | 'refuse'
  /** What is wrong, what it means, and what to do; empty where nothing is. */
  readonly text: string
}

/** An answer of the Hub's: its status code, and its text where the code alone doesn't tell. */
type Answer = readonly [code: number, text?: string]

const MAKE_RIGHT_KEY =
  'make a secured user group key with `hub keys create` and put it into USER_API_KEY and USER_API_SECRET'

/**
 * The Hub doesn't know the key. A hubd whose own store is away says so too, of any key.
 */
export const KEY_UNKNOWN: KeyKind = {
  action: 'refuse',
  text: `USER_API_KEY: the Hub doesn't know this key, or it was revoked, so no user could log in; check HUB_URL and the key, or ${MAKE_RIGHT_KEY}`,
}

const SUCCESS: CallStatus = { code: Status.Ok, message: '' }

const TOKEN_REQUIRED: Answer = [Status.Unauthenticated, 'Token required']

/**
 * What a Hub answers to `ListThreads` without a user's token, first with an API signature, then
 * without; what kind of key that means; and what the server does then. The answers are those of
 * hubd 2.6. A kind without a second answer is told by the first.
 */
const ANSWERS: readonly { signed: Answer; unsigned?: Answer; kind: KeyKind }[] = [
  {
    // A user group key with signatures demanded: the only kind to run a server with.
    signed: TOKEN_REQUIRED,
    unsigned: [Status.Unauthenticated, 'API key signature required'],
    kind: { action: 'run', text: '' },
  },
  {
    // A user group key that works without signature.
    signed: TOKEN_REQUIRED,
    unsigned: TOKEN_REQUIRED,
    kind: {
      action: 'warn',
      text: `USER_API_KEY: the Hub doesn't demand signatures for this key, so whoever has seen it, and every app sees it, can use it indefinitely; ${MAKE_RIGHT_KEY}`,
    },
  },
  {
    signed: [Status.Ok],
    kind: {
      action: 'refuse',
      text: `USER_API_KEY: this is an account key, with which every user would act as the account's owner and see every other user's threads; ${MAKE_RIGHT_KEY}`,
    },
  },
  { signed: [Status.NotFound], kind: KEY_UNKNOWN },
  {
    signed: [Status.Unauthenticated, 'Bad API key signature'],
    kind: {
      action: 'refuse',
      text: "USER_API_SECRET: the Hub refuses the signature made with this secret, so no user could log in; take the secret that was shown together with USER_API_KEY, and check this machine's clock",
    },
  },
  {
    signed: [Status.Unimplemented],
    kind: {
      action: 'warn',
      text: 'USER_API_KEY: the Hub has no ListThreads method, so which kind of key this is could not be checked; make sure that it is a secured user group key',
    },
  },
]

const UNCHECKED =
  'the key could not be checked, and logins are answered with hub_unavailable until it has been'

/** The Hub gave no answer that tells anything. */
export const UNREACHABLE: KeyKind = {
  action: 'retry',
  text: `HUB_URL: the Hub gave no usable answer; ${UNCHECKED}`,
}

/** Those that have answered once: whatever happens to them later, their addresses are right. */
const knownHubs = new WeakSet<HubAddress>()

/**
 * Asks the Hub which kind of key the server has. It is asked once or twice; where it has never
 * answered, what else may be at its address is asked too.
 *
 * @param timeout - for each of the two calls, in seconds
 */
export async function checkKey(
  address: HubAddress,
  apiKey: ApiKey,
  timeout: number,
): Promise<KeyKind> {
  const { key } = apiKey
  const signedClient = Client.withUserAuth(new CallSigner(apiKey).sign(), address.url)
  const signed = await listThreads(signedClient, address, timeout)
  if (signed && !signed.status) return unreachable(address, signed)
  knownHubs.add(address)
  const rows = ANSWERS.filter((row) => isAnswer(signed, row.signed))
  if (rows.every((row) => row.unsigned === undefined)) return rows[0]?.kind ?? UNREACHABLE
  const unsignedClient = await Client.withKeyInfo({ key }, address.url)
  const unsigned = await listThreads(unsignedClient, address, timeout)
  return rows.find((row) => isAnswer(unsigned, row.unsigned))?.kind ?? UNREACHABLE
}

/** What follows where the Hub has not answered at all: why, in a sentence that says what to do. */
async function unreachable(address: HubAddress, failure: HubError): Promise<KeyKind> {
  const reason = knownHubs.has(address) ? undefined : await explainUnreachable(address.url, failure)
  return reason === undefined
    ? UNREACHABLE
    : { action: 'retry', text: `HUB_URL: ${reason}; ${UNCHECKED}` }
}

/** Whether the list of threads was had, or refused, in this way. */
function isAnswer(failure: HubError | undefined, answer: Answer | undefined): boolean {
  if (!answer) return false
  const { code, message } = failure ? (failure.status ?? {}) : SUCCESS
  const [itsCode, text] = answer
  return code === itsCode && (text === undefined || message === text)
}
