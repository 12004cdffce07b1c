import { ThreadID } from '@textile/hub'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { type DevHub, startDevHub } from '../../../src/dev-hub/hub.js'
import { createApiKey } from '../../../src/dev-hub/login/api-keys.js'
import { keyHeaders } from '../../support/api-key.js'
import { callByGrpc } from '../../support/grpc-call.js'
import { callByWeb } from '../../support/web-call.js'
import { loggedIn } from '../logged-in.js'
import { type OurNames, Times, toOurs, toRecorded } from './comparable.js'
import {
  decode,
  encode,
  LARGE_FILE,
  type RecordedCall,
  readRecordedCalls,
  requestsOf,
} from './recording.js'

/** The random bytes that a test wants next: a bucket's CIDs follow from its random seed. */
const wantedBytes = vi.hoisted((): Buffer[] => [])

vi.mock(import('node:crypto'), async (importOriginal) => {
  const crypto = await importOriginal()
  const randomBytes = (size: number) => wantedBytes.shift() ?? crypto.randomBytes(size)
  return { ...crypto, randomBytes: Object.assign(randomBytes, crypto.randomBytes) }
})

/** Calls that can't be answered alike, and why. */
const DIFFERENCES: Readonly<Record<string, string>> = {
  'buckets.create encrypted': 'keys are random: what counts is how much they make of a bucket',
}

const createReply = z.object({
  root: z.object({ key: z.string() }),
  seed: z.base64(),
  pinned: z.number(),
})

const apiKey = createApiKey()
const endpoints = {
  'gRPC-web': { makeCall: callByWeb, urlOf: (hub: DevHub) => hub.url },
  'native gRPC': { makeCall: callByGrpc, urlOf: (hub: DevHub) => hub.grpcUrl },
}

describe.each(Object.entries(endpoints))('what the SDK said to hubd, by %s', (_, endpoint) => {
  let hub: DevHub
  let tokens: Record<'owner' | 'other', string>
  let ours: OurNames
  const times = { recorded: new Times(), ours: new Times() }

  beforeAll(async () => {
    hub = await startDevHub({ apiKeys: [apiKey] })
    const [owner, other] = [await loggedIn(hub, apiKey), await loggedIn(hub, apiKey)]
    tokens = { owner: owner.token, other: other.token }
    const thread = (await owner.client.newDB(ThreadID.fromRandom(), 'buckets')).toString()
    ours = { thread, owner: owner.pubkey, other: other.pubkey, url: hub.url }
  })
  afterAll(() => hub.close())

  it.each(readRecordedCalls().map((call, index) => [index, call.call, call.method, call] as const))(
    'is answered as there: %i, %s (%s)',
    async (_index, name, method, recorded) => {
      const isCreate = method.endsWith('/Create')
      if (isCreate) wantedBytes.push(...seedOf(recorded))
      const { status, replies } = await endpoint.makeCall(
        endpoint.urlOf(hub),
        `/${method}`,
        metadataOf(recorded),
        (to) => {
          for (const request of requestsOf(recorded)) to.send(encode(method, toOurs(request, ours)))
          to.end()
        },
      )
      expect(status).toEqual({ code: recorded.code ?? 0, message: recorded.message ?? '' })
      const answers = replies.map((bytes) => decode(method, bytes))
      if (isCreate && !ours.key) ours = { ...ours, key: createReply.parse(answers[0]).root.key }
      if (name === 'other user: pullPath of it') {
        const chunks = answers.map((answer) => z.object({ chunk: z.base64() }).parse(answer).chunk)
        const pulled = Buffer.concat(chunks.map((chunk) => Buffer.from(chunk, 'base64')))
        expect(pulled.equals(LARGE_FILE)).toBe(true)
      } else if (DIFFERENCES[name]) {
        const pinned = createReply.parse(recorded.replies[0]).pinned
        expect(createReply.parse(answers[0]).pinned).toBe(pinned)
      } else {
        expect(times.ours.name(toRecorded(answers, ours))).toEqual(
          times.recorded.name(recorded.replies),
        )
      }
    },
  )

  /** Who made the call then, with the key and the thread of now. */
  function metadataOf({ call, metadata }: RecordedCall): [string, string][] {
    const isOther = /other user|user without|of another/.test(call)
    const headers: [string, string][] = [
      ...keyHeaders(apiKey),
      ['authorization', `bearer ${isOther ? tokens.other : tokens.owner}`],
    ]
    const isInThread = metadata.includes('x-textile-thread')
    return isInThread ? [...headers, ['x-textile-thread', ours.thread ?? '']] : headers
  }
})

/** The seed of a bucket, where it follows from it which CIDs the bucket has. */
function seedOf({ call, replies }: RecordedCall): Buffer[] {
  return DIFFERENCES[call] ? [] : [Buffer.from(createReply.parse(replies[0]).seed, 'base64')]
}
