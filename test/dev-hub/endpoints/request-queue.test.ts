import { expect, it } from 'vitest'
import { RequestQueue } from '../../../src/dev-hub/endpoints/request-queue.js'
import { encodeFrame, MESSAGE_FLAG } from '../../../src/grpc/frames.js'

const FRAME = encodeFrame(MESSAGE_FLAG, Buffer.alloc(300_000))

/** A queue, and what it did to its source. */
function queue() {
  const done: string[] = []
  const source = { pause: () => done.push('pause'), resume: () => done.push('resume') }
  return { requests: new RequestQueue(source), done }
}

it('a caller is held back while more than 1 MiB waits for the method', async () => {
  const { requests, done } = queue()
  for (let pushed = 0; pushed < 3; pushed += 1) requests.push(FRAME)
  expect(done).toEqual([])
  requests.push(FRAME)
  requests.push(FRAME)
  expect(done).toEqual(['pause'])
  await requests.receive()
  expect(done).toEqual(['pause'])
  await requests.receive()
  expect(done).toEqual(['pause', 'resume'])
})

it('a caller whose method has ended is held back no longer, and nothing of it is kept', async () => {
  const { requests, done } = queue()
  for (let pushed = 0; pushed < 5; pushed += 1) requests.push(FRAME)
  requests.stop()
  expect(done).toEqual(['pause', 'resume'])
  requests.push(FRAME)
  expect(await requests.receive()).toBe(undefined)
})
