import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pb from '@textile/buckets-grpc/api/bucketsd/pb/bucketsd_pb.js'
import { z } from 'zod'

const object = z.record(z.string(), z.unknown())

const recordedCall = z.object({
  call: z.string(),
  method: z.string(),
  requests: z.array(z.union([object, z.string()])),
  replies: z.array(object),
  metadata: z.array(z.string()),
  code: z.number().optional(),
  message: z.string().optional(),
})

/** A call that the SDK made to a real Hub about buckets, and what it was answered. */
export type RecordedCall = z.infer<typeof recordedCall>

/** What stands in the recording for what is another with every run. */
export const RECORDED = {
  key: 'bafzbeigw2zbzqh64r4wgrgfrtbdkod77mfyxp3xlgsm2kqgbawwersczd4',
  thread: 'bafkrjqxemuobpt6s4ehqov7arskuf44cz7frezwew7c65j6wyhtitia',
  owner: 'bbaareiejcuqmllcxaryx6el5ulor32iw52hznvoc3ggwry7ei3gcvfbisa',
  other: 'bbaareigcbsboi7tvwmyvcib5mn7orubsccenek3afxtea4sb4govzcr7ni',
  url: 'http://127.0.0.1:8006',
}

/** The file of 300 kB: its chunks are cut in the recording. */
export const LARGE_FILE = Buffer.alloc(300_000, 7)

/** What the SDK sends in one message. */
const CHUNK_BYTES = 1024

/** The recorded calls about buckets, in order, but for those that list other threads. */
export function readRecordedCalls(): RecordedCall[] {
  const text = readFileSync(join(import.meta.dirname, '../hub-sdk-recording.json'), 'utf8')
  const calls = z
    .object({ wire: z.array(recordedCall) })
    .parse(JSON.parse(text))
    .wire.filter(({ method }) => method.startsWith('api.bucketsd.'))
    .filter(({ call }) => call !== 'buckets.existing before')
  // While a push is open, the SDK asks for the root and only then sends its first message.
  return calls.map((recorded, index) => {
    const [previous, next] = [calls[index - 1], calls[index + 1]]
    if (isPush(recorded) && next?.call === recorded.call) return next
    return previous?.call === recorded.call && isPush(previous) ? previous : recorded
  })
}

function isPush({ method }: RecordedCall): boolean {
  return /\/PushPaths?$/.test(method)
}

/** A call's requests, with the chunks that the recording cuts. */
export function requestsOf({ call, requests }: RecordedCall): unknown[] {
  if (call !== 'buckets.pushPath 300 kB' || requests.length === 1) return requests
  const chunks = Array.from({ length: Math.ceil(LARGE_FILE.length / CHUNK_BYTES) }, (_, index) => {
    const chunk = LARGE_FILE.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES)
    return { chunk: chunk.toString('base64') }
  })
  return [requests[0], ...chunks]
}

/** A generated message class. */
interface MessageType {
  new (): { serializeBinary(): Uint8Array }
  deserializeBinary(bytes: Uint8Array): { toObject(): object }
}

/** The messages that stand in others, by method and field. */
const NESTED: Readonly<Record<string, MessageType>> = {
  'PushPath header': pb.PushPathRequest.Header,
  'PushPaths header': pb.PushPathsRequest.Header,
  'PushPaths chunk': pb.PushPathsRequest.Chunk,
}

/** Writes a recorded request. */
export function encode(path: string, fields: unknown): Uint8Array {
  const method = path.split('/').at(-1) ?? ''
  return build(typeOf(`${method}Request`), method, object.parse(fields)).serializeBinary()
}

/** Reads a reply as it was recorded. */
export function decode(path: string, bytes: Uint8Array): unknown {
  return typeOf(`${path.split('/').at(-1)}Response`)
    .deserializeBinary(bytes)
    .toObject()
}

function typeOf(name: string): MessageType {
  const found: unknown = Reflect.get(pb, name)
  if (typeof found !== 'function') throw new TypeError(`there is no ${name}`)
  return found as MessageType
}

function build(type: MessageType, method: string, fields: Readonly<Record<string, unknown>>) {
  const message = new type()
  for (const [field, value] of Object.entries(fields)) {
    const name = field.replace(/^pb_/, '')
    const capital = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
    if (field.endsWith('Map')) {
      const map: { set(key: string, value: unknown): void } = call(message, `get${capital}`)
      for (const [key, role] of z.array(z.tuple([z.string(), z.unknown()])).parse(value)) {
        map.set(key, role)
      }
      continue
    }
    const nested = NESTED[`${method} ${field}`]
    // A field of a oneof that is set, even to nothing, is the one.
    if (value === '' && field === 'chunk') continue
    call(message, `set${capital}`, nested ? build(nested, method, object.parse(value)) : value)
  }
  return message
}

function call<Result>(message: object, name: string, ...values: unknown[]): Result {
  const method: unknown = Reflect.get(message, name)
  if (typeof method !== 'function') throw new TypeError(`${name} is no method of the message`)
  return method.apply(message, values)
}
