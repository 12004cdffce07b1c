import { once } from 'node:events'
import pb from '@textile/buckets-grpc/api/bucketsd/pb/bucketsd_pb.js'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { watchCaller } from '../../../src/dev-hub/buckets/transfer.js'
import { type DevHub, startDevHub } from '../../../src/dev-hub/hub.js'
import { createApiKey } from '../../../src/dev-hub/login/api-keys.js'
import { encodeFrame, MESSAGE_FLAG } from '../../../src/grpc/frames.js'
import type { Caller } from '../../support/caller.js'
import { openSession, startCall } from '../../support/grpc-call.js'
import { callByWeb } from '../../support/web-call.js'
import { pathsOf, pull, pushHeader, sendChunks, withBucket } from './with-bucket.js'

const PUSH_PATH = '/api.bucketsd.pb.APIService/PushPath'
const PUSH_PATHS = '/api.bucketsd.pb.APIService/PushPaths'

/** Enough of a file for the Hub to tell how far it is. */
const HALF_A_FILE = Buffer.alloc(300_000)

const apiKey = createApiKey()
let hub: DevHub

beforeEach(async () => {
  hub = await startDevHub({ apiKeys: [apiKey] })
  onTestFinished(() => hub.close())
})

/** The first message of `PushPaths`. */
function header(key: string): Uint8Array {
  const first = new pb.PushPathsRequest.Header()
  first.setKey(key)
  const request = new pb.PushPathsRequest()
  request.setHeader(first)
  return request.serializeBinary()
}

/** A further message of `PushPaths`: content, or the end of a file. */
function chunk(path: string, data = ''): Uint8Array {
  const part = new pb.PushPathsRequest.Chunk()
  part.setPath(path)
  part.setData(Buffer.from(data))
  const request = new pb.PushPathsRequest()
  request.setChunk(part)
  return request.serializeBinary()
}

describe('PushPaths', () => {
  it('takes files whose chunks interleave, and one path twice', async () => {
    const { buckets, key, metadata } = await withBucket(hub, apiKey)
    const { status, replies } = await callByWeb(hub.url, PUSH_PATHS, metadata, (to) => {
      to.send(header(key))
      for (const text of ['1', '2', '3']) {
        to.send(chunk('a', `a${text}`))
        to.send(chunk('b/c', `b${text}`))
      }
      for (const path of ['b/c', 'a']) to.send(chunk(path))
      to.send(chunk('a', 'again'))
      to.send(chunk('a'))
      to.end()
    })
    expect(status).toEqual({ code: 0, message: '' })
    expect(replies).toHaveLength(3)
    expect(await pull(buckets, key, 'b/c')).toBe('b1b2b3')
    expect(await pull(buckets, key, 'a')).toBe('again')
  })

  it('keeps the files that were complete when something is wrong', async () => {
    const { buckets, key, metadata } = await withBucket(hub, apiKey)
    const { status } = await callByWeb(
      hub.url,
      PUSH_PATHS,
      metadata,
      (to) => {
        to.send(header(key))
        to.send(chunk('a', 'one'))
        to.send(chunk('a'))
      },
      (_reply, to) => {
        to.send(chunk('b', 'two'))
        to.send(chunk('.textileseed', 'x'))
      },
    )
    expect(status).toEqual({ code: 2, message: 'paths containing .textileseed are not allowed' })
    expect(await pathsOf(buckets, key)).toEqual(['a'])
  })

  it.each<[string, (to: Caller, key: string) => void, string]>([
    ['no header', (to) => to.send(chunk('a')), 'push bucket path header is required'],
    [
      'a second header',
      (to, key) => {
        to.send(header(key))
        to.send(header(key))
      },
      'invalid request',
    ],
    [
      'a file without an end',
      (to, key) => {
        to.send(header(key))
        to.send(chunk('a', 'x'))
        to.end()
      },
      'the end of a did not come',
    ],
    [
      'a file at the root',
      (to, key) => {
        to.send(header(key))
        to.send(chunk('/', 'x'))
      },
      'a file needs a path',
    ],
  ])('refuses %s', async (_name, drive, message) => {
    const { key, metadata } = await withBucket(hub, apiKey)
    const call = await callByWeb(hub.url, PUSH_PATHS, metadata, (to) => drive(to, key))
    expect(call.status).toEqual({ code: 2, message })
  })
})

it('a file is not kept whose caller has left meanwhile, though it seemed to end', async () => {
  const call = { closed: Promise.resolve() }
  const check = watchCaller(call)
  expect(check).not.toThrow()
  await call.closed
  expect(check).toThrow('the caller left')
})

describe('PushPath', () => {
  it.each<[string, (to: Caller, key: string) => void, string]>([
    [
      'no header',
      (to) => to.send(new pb.PushPathRequest().serializeBinary()),
      'push bucket path header is required',
    ],
    [
      'a second header',
      (to, key) => {
        to.send(pushHeader({ key, path: 'a' }))
        to.send(pushHeader({ key, path: 'a' }))
      },
      'invalid request',
    ],
    [
      'a bucket that is not there',
      (to) => to.send(pushHeader({ key: 'x', path: 'a' })),
      'instance not found',
    ],
  ])('refuses %s', async (_name, drive, message) => {
    const { key, metadata } = await withBucket(hub, apiKey)
    const call = await callByWeb(hub.url, PUSH_PATH, metadata, (to) => drive(to, key))
    expect(call.status).toEqual({ code: 2, message })
  })

  it('leaves nothing of a caller who goes away, by gRPC-web', async () => {
    const { buckets, key, metadata } = await withBucket(hub, apiKey)
    const before = await buckets.root(key)
    await callByWeb(
      hub.url,
      PUSH_PATH,
      metadata,
      (to) => {
        to.send(pushHeader({ key, path: 'a' }))
        sendChunks(to, HALF_A_FILE)
      },
      (_reply, to) => to.leave(),
    )
    await vi.waitFor(() => expect(hub.openCalls).toBe(0))
    expect(await buckets.root(key)).toEqual(before)
  })

  it('leaves nothing of a caller who goes away, by native gRPC', async () => {
    const { buckets, key, metadata } = await withBucket(hub, apiKey)
    const before = await buckets.root(key)
    const session = await openSession(hub.grpcUrl)
    const stream = startCall(session, PUSH_PATH, metadata)
    const send = (message: Uint8Array) => stream.write(encodeFrame(MESSAGE_FLAG, message))
    send(pushHeader({ key, path: 'a' }))
    sendChunks({ send }, HALF_A_FILE)
    // The Hub tells how far it is.
    await once(stream, 'data')
    session.destroy()
    await vi.waitFor(() => expect(hub.openCalls).toBe(0))
    expect(await buckets.root(key)).toEqual(before)
  })
})
