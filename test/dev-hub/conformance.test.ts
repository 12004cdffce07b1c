import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import threads from '@textile/threads-client-grpc/threads_pb.js'
import users from '@textile/users-grpc/api/usersd/pb/usersd_pb.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type DevHub, startDevHub } from '../../src/dev-hub/hub.js'
import { createApiKey, type StoredApiKey } from '../../src/dev-hub/login/api-keys.js'
import { createApiSignature } from '../../src/keys/api-signature.js'
import { decodeMultibase } from '../../src/keys/multibase.js'
import { verifySignature } from '../../src/keys/public-key.js'
import { verifyToken } from '../../src/keys/token.js'
import type { Caller, CallRecord, MakeCall } from '../support/caller.js'
import { callByGrpc } from '../support/grpc-call.js'
import { type Identity, randomIdentity } from '../support/identity.js'
import { callByWeb } from '../support/web-call.js'

const words = {
  apiKey: z.enum(['user', 'unsecured', 'account', 'revoked', 'unknown', 'none']),
  apiSignature: z.enum(['valid', 'wrong', 'expired', 'none']),
  token: z.enum(['own', 'garbage', 'signature', 'subject', 'none']),
  request: z.enum(['ListThreads', 'GetThread', 'NewDB', 'ListDBs']),
  sends: z.union([z.enum(['key', 'signature', 'end']), z.templateLiteral(['key:', z.string()])]),
  onChallenge: z.enum(['right', 'wrong', 'key', 'end']),
}

/** The recorded cases. Strict: a case with a word that the replay doesn't know fails to load. */
const conformance = z
  .object({
    cases: z.array(
      z.strictObject({
        name: z.string(),
        method: z.string(),
        given: z.strictObject({
          apiKey: words.apiKey,
          apiSignature: words.apiSignature,
          sends: z.array(words.sends).optional(),
          onChallenge: z.array(words.onChallenge).optional(),
          request: words.request.optional(),
          token: words.token.default('none'),
        }),
        expect: z.strictObject({
          code: z.number(),
          message: z.string(),
          replyBytes: z.array(z.number()),
          headerBlocks: z.number(),
        }),
        webExpect: z.strictObject({ upgradeRefused: z.number() }).optional(),
      }),
    ),
    tokenVectors: z.object({
      items: z.array(
        z.strictObject({
          pubkey: z.string(),
          challengeHex: z.string(),
          signatureHex: z.string(),
          token: z.string(),
        }),
      ),
    }),
  })
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, 'hub-conformance.json'), 'utf8')))

type Given = (typeof conformance.cases)[number]['given']

/** Recorded texts that are a protobuf library's: the code counts, the words are ours. */
const FOREIGN_TEXTS = new Set(['proto: wrong wireType = 5 for field Type'])

const apiKeys: Record<'user' | 'unsecured' | 'account' | 'revoked' | 'unknown', StoredApiKey> = {
  user: createApiKey(),
  unsecured: createApiKey({ isSecured: false }),
  account: createApiKey({ isAccount: true }),
  revoked: createApiKey({ isRevoked: true }),
  unknown: createApiKey(),
}

/** A Hub's endpoints: how to call through each, and how it closes a call that has its status. */
const endpoints: Record<string, { url: () => string; makeCall: MakeCall; closeCode: number }> = {
  'gRPC-web': { url: () => hub.url, makeCall: callByWeb, closeCode: 1000 },
  'native gRPC': { url: () => hub.grpcUrl, makeCall: callByGrpc, closeCode: 0 },
}

let hub: DevHub
let caller: Identity
let ownToken: string

beforeAll(async () => {
  const { user, unsecured, account, revoked } = apiKeys
  hub = await startDevHub({ apiKeys: [user, unsecured, account, revoked] })
})

afterAll(() => hub.close())

/** Headers of a call with an API key and a signature of the kinds given. */
function credentials({ apiKey, apiSignature }: Given): [string, string][] {
  if (apiKey === 'none') return []
  const { key, secret } = apiKeys[apiKey]
  const headers: [string, string][] = [['x-textile-api-key', key]]
  if (apiSignature === 'none') return headers
  const signer = apiSignature === 'wrong' ? createApiKey().secret : secret
  const seconds = apiSignature === 'expired' ? -5 : 300
  const { sig, msg } = createApiSignature(
    decodeMultibase(signer) ?? new Uint8Array(),
    new Date(Date.now() + seconds * 1000),
  )
  return [...headers, ['x-textile-api-sig', sig], ['x-textile-api-sig-msg', msg]]
}

function authorization(kind: Given['token']): [string, string][] {
  if (kind === 'none') return []
  const tokens = {
    own: ownToken,
    garbage: 'abc',
    signature: `${ownToken.slice(0, -8)}AAAAAAAA`,
    subject: withSubject(ownToken, randomIdentity().pubkey),
  }
  return [['authorization', `bearer ${tokens[kind]}`]]
}

function withSubject(token: string, sub: string): string {
  const [header, payload = '', signature] = token.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const forged = Buffer.from(JSON.stringify({ ...claims, sub })).toString('base64url')
  return [header, forged, signature].join('.')
}

function keyRequest(pubkey: string): Uint8Array {
  const request = new threads.GetTokenRequest()
  request.setKey(pubkey)
  return request.serializeBinary()
}

function signatureRequest(signature: Uint8Array): Uint8Array {
  const request = new threads.GetTokenRequest()
  request.setSignature(signature)
  return request.serializeBinary()
}

/** Does what the case says at the start of `GetToken`. */
function begin(to: Caller, sends: Given['sends'] = []): void {
  for (const word of sends) {
    if (word === 'end') to.end()
    else if (word === 'signature') to.send(signatureRequest(new Uint8Array(64)))
    else to.send(keyRequest(word === 'key' ? caller.pubkey : word.slice('key:'.length)))
  }
}

/** Does what the case says once the Hub has challenged. */
function answer(to: Caller, reply: Uint8Array, onChallenge: Given['onChallenge'] = []): void {
  const message = threads.GetTokenReply.deserializeBinary(reply)
  if (!message.hasChallenge()) return
  for (const word of onChallenge) {
    if (word === 'end') to.end()
    else if (word === 'key') to.send(keyRequest(caller.pubkey))
    else {
      const signer = word === 'right' ? caller : randomIdentity()
      to.send(signatureRequest(signer.sign(message.getChallenge_asU8())))
    }
  }
}

function requestMessage(request: NonNullable<Given['request']>): Uint8Array {
  if (request === 'ListThreads') return new users.ListThreadsRequest().serializeBinary()
  if (request === 'ListDBs') return new threads.ListDBsRequest().serializeBinary()
  if (request === 'GetThread') {
    const message = new users.GetThreadRequest()
    message.setName('no-such-name')
    return message.serializeBinary()
  }
  const message = new threads.NewDBRequest()
  message.setDbid(Uint8Array.of(1, 0x55, ...crypto.getRandomValues(new Uint8Array(32))))
  message.setName('conformance')
  return message.serializeBinary()
}

/** Replays a case's call through one of the Hub's endpoints. */
function replay(
  endpoint: (typeof endpoints)[string],
  method: string,
  given: Given,
): Promise<CallRecord> {
  const metadata = [...credentials(given), ...authorization(given.token)]
  const { request } = given
  if (request === undefined) {
    return endpoint.makeCall(
      endpoint.url(),
      method,
      metadata,
      (to) => begin(to, given.sends),
      (reply, to) => answer(to, reply, given.onChallenge),
    )
  }
  return endpoint.makeCall(endpoint.url(), method, metadata, (to) => {
    to.send(requestMessage(request))
    to.end()
  })
}

async function login(endpoint: (typeof endpoints)[string]): Promise<string> {
  const given: Given = {
    apiKey: 'user',
    apiSignature: 'valid',
    sends: ['key'],
    onChallenge: ['right', 'end'],
    token: 'none',
  }
  const { replies } = await replay(endpoint, '/threads.pb.API/GetToken', given)
  return threads.GetTokenReply.deserializeBinary(replies[1] ?? new Uint8Array()).getToken()
}

it('there are cases', () => expect(conformance.cases).toHaveLength(26))

describe.each(Object.entries(endpoints))(
  'the dev Hub answers by %s as the recorded Hub',
  (name, endpoint) => {
    it.each(conformance.cases)('$name', async ({ method, given, expect: expected, webExpect }) => {
      caller = randomIdentity()
      ownToken = await login(endpoint)
      const record = replay(endpoint, method, given)
      if (webExpect && name === 'gRPC-web') {
        await expect(record).rejects.toThrow(`${webExpect.upgradeRefused}`)
        return
      }
      const { status, replies, headerBlocks, closeCode } = await record
      const isForeign = FOREIGN_TEXTS.has(expected.message)
      expect({
        code: status?.code,
        message: isForeign ? expected.message : status?.message,
        replyBytes: replies.map((reply) => reply.length),
        headerBlocks,
      }).toEqual(expected)
      expect(closeCode).toBe(endpoint.closeCode)
    })
  },
)

describe('recorded handshakes', () => {
  it.each(conformance.tokenVectors.items)('$pubkey', ({ pubkey, challengeHex, ...item }) => {
    const challenge = Buffer.from(challengeHex, 'hex')
    const signature = Buffer.from(item.signatureHex, 'hex')
    expect(verifySignature(pubkey, challenge, signature)).toBe(true)
    expect(verifyToken(item.token)?.sub).toBe(pubkey)

    challenge[0] = (challenge[0] ?? 0) ^ 1
    expect(verifySignature(pubkey, challenge, signature)).toBe(false)
    expect(verifyToken(withSubject(item.token, randomIdentity().pubkey))).toBeUndefined()
  })
})
