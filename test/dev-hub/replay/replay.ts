import threads from '@textile/threads-client-grpc/threads_pb.js'
import { expect, vi } from 'vitest'
import type { DevHub } from '../../../src/dev-hub/hub.js'
import { createApiKey } from '../../../src/dev-hub/login/api-keys.js'
import type { CallStatus } from '../../../src/grpc/status.js'
import { keyHeaders } from '../../support/api-key.js'
import type { Caller } from '../../support/caller.js'
import { callByGrpc } from '../../support/grpc-call.js'
import { type Identity, randomIdentity } from '../../support/identity.js'
import { callByWeb } from '../../support/web-call.js'
import { FOREIGN_TEXTS } from './differences.js'
import { decodeMessage, encodeMessage, isObject, messageType } from './messages.js'
import { Placeholders } from './placeholders.js'
import type { RecordedCall } from './recording.js'

/** How a replayed call went. */
export interface Replayed {
  /** With the recording's placeholders. */
  readonly replies: unknown
  readonly status: CallStatus | undefined
  /** Whether the Hub left the call open. */
  readonly isOpen: boolean
}

/** Puts the recorded calls, in order, to a Hub, through one of its endpoints. */
export class Replay {
  readonly #endpoint: 'gRPC-web' | 'native gRPC'
  readonly #keys = { user: createApiKey(), user2: createApiKey() }
  readonly #placeholders = new Placeholders()
  readonly #tokens = new Map<RecordedCall['as'], string>()
  #hub: DevHub | undefined

  constructor(endpoint: 'gRPC-web' | 'native gRPC') {
    this.#endpoint = endpoint
  }

  /** The API keys that the Hub must know. */
  get apiKeys() {
    return Object.values(this.#keys)
  }

  /** Gets tokens for the users of the recording. */
  async logIn(hub: DevHub): Promise<void> {
    this.#hub = hub
    const owner = await this.#token(randomIdentity())
    this.#tokens.set('owner', owner)
    this.#tokens.set('other', await this.#token(randomIdentity()))
    this.#tokens.set('forged', `${owner.slice(0, -8)}AAAAAAAA`)
  }

  /** Makes a call, and others while it is open. */
  async make(call: RecordedCall, during: readonly RecordedCall[]): Promise<Replayed> {
    const replyType = messageType(call.method, 'Reply')
    const requestType = messageType(call.method, 'Request')
    const replies: Uint8Array[] = []
    let caller: Caller | undefined
    let hasEnded = false
    const made = this.#call(
      call.method,
      this.#metadata(call),
      (to) => {
        caller = to
        for (const request of call.requests) {
          const filled = this.#placeholders.fill(request)
          if (!isObject(filled)) throw new TypeError('a request is an object')
          to.send(encodeMessage(requestType, filled))
        }
        to.end()
      },
      (reply) => replies.push(reply),
    ).finally(() => {
      hasEnded = true
    })
    // Answered after the Hub has begun to listen.
    if (call.staysOpen) await this.#token(randomIdentity())
    for (const act of during) await this.#act(act)
    if (call.staysOpen) {
      const hasAll = () => replies.length >= call.replies.length || hasEnded
      await vi.waitFor(() => expect(hasAll()).toBe(true))
      // What was wrongly told would have come before the answer to another call.
      await this.#token(randomIdentity())
    }
    const isOpen = !hasEnded && call.staysOpen === true
    if (isOpen) caller?.leave()
    const { status } = await made
    const objects = replies.map((reply) => decodeMessage(replyType, reply))
    return { replies: ordered(this.#placeholders.blank(objects, call.replies)), status, isOpen }
  }

  /** Makes a call that must go as recorded. */
  async #act(call: RecordedCall): Promise<void> {
    const { replies, status } = await this.make(call, [])
    expect(replies).toEqual(this.expected(call))
    expect(status).toEqual({ code: call.code, message: call.message })
  }

  /** What a call was answered, in an order that can be compared. */
  expected({ replies }: RecordedCall): unknown {
    return ordered(replies)
  }

  #call(
    ...[path, metadata, drive, onReply]: Parameters<typeof callByWeb> extends [
      string,
      ...infer Rest,
    ]
      ? Rest
      : never
  ) {
    const { url = '', grpcUrl = '' } = this.#hub ?? {}
    return this.#endpoint === 'gRPC-web'
      ? callByWeb(url, path, metadata, drive, onReply)
      : callByGrpc(grpcUrl, path, metadata, drive, onReply)
  }

  #metadata({
    as,
    key,
    thread,
    threadName,
  }: Pick<RecordedCall, 'as' | 'key' | 'thread' | 'threadName'>) {
    const metadata = key === 'none' ? [] : keyHeaders(this.#keys[key])
    const token = this.#tokens.get(as)
    if (token) metadata.push(['authorization', `bearer ${token}`])
    if (thread) metadata.push(['x-textile-thread', this.#placeholders.thread(thread).toString()])
    if (threadName) metadata.push(['x-textile-thread-name', this.#placeholders.name(threadName)])
    return metadata
  }

  async #token(identity: Identity): Promise<string> {
    const request = new threads.GetTokenRequest()
    request.setKey(identity.pubkey)
    let token = ''
    await this.#call(
      '/threads.pb.API/GetToken',
      this.#metadata({ as: 'nobody', key: 'user' }),
      (to) => to.send(request.serializeBinary()),
      (bytes, to) => {
        const reply = threads.GetTokenReply.deserializeBinary(bytes)
        token = reply.getToken()
        if (!reply.hasChallenge()) return
        const answer = new threads.GetTokenRequest()
        answer.setSignature(identity.sign(reply.getChallenge_asU8()))
        to.send(answer.serializeBinary())
        to.end()
      },
    )
    return token
  }
}

/**
 * Orders what has no order of its own: collections, indexes, and the two instances that one call
 * made. Texts of others are only said to be there.
 */
function ordered(value: unknown, field = ''): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => ordered(item, field))
    if (field === 'collectionsList' || field === 'indexesList') return items.sort(byText)
    if (field === 'instancesList') return swapTwins(items)
    return items
  }
  if (!isObject(value)) {
    const isText = field === 'transactionerror' && typeof value === 'string'
    return isText && isForeignText(value) ? '<text>' : value
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, ordered(item, name)]),
  )
}

/** Whether a text is one of a library, or ours in its place. */
function isForeignText(text: string): boolean {
  return FOREIGN_TEXTS.some((pattern) => pattern.test(text)) || text.startsWith('invalid query: it')
}

function byText(a: unknown, b: unknown): number {
  const [one, other] = [JSON.stringify(a), JSON.stringify(b)]
  return one < other ? -1 : Number(one > other)
}

/** Puts `<id1>` before `<id2>` where one follows the other. */
function swapTwins(items: unknown[]): unknown[] {
  const first = items.findIndex((item) => JSON.stringify(item).includes('"<id1>"'))
  const second = items.findIndex((item) => JSON.stringify(item).includes('"<id2>"'))
  if (first < 0 || second !== first - 1) return items
  return items.with(second, items[first]).with(first, items[second])
}
