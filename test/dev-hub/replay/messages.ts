import threads from '@textile/threads-client-grpc/threads_pb.js'
import users from '@textile/users-grpc/api/usersd/pb/usersd_pb.js'

/** A generated message class. */
interface MessageType {
  new (): object
  deserializeBinary(bytes: Uint8Array): { toObject(): object }
}

/** The fields that hold JSON in bytes. */
const JSON_FIELDS = ['schema', 'queryjson', 'instance', 'instancesList']

/** The messages that stand in others, by the field that they stand in. */
const NESTED: Readonly<Record<string, MessageType>> = {
  config: threads.CollectionConfig,
  collectionsList: threads.CollectionConfig,
  indexesList: threads.Index,
  filtersList: threads.ListenRequest.Filter,
  starttransactionrequest: threads.StartTransactionRequest,
  createrequest: threads.CreateRequest,
  verifyrequest: threads.VerifyRequest,
  saverequest: threads.SaveRequest,
  deleterequest: threads.DeleteRequest,
  hasrequest: threads.HasRequest,
  findrequest: threads.FindRequest,
  findbyidrequest: threads.FindByIDRequest,
  discardrequest: threads.DiscardRequest,
}

/** The class of a method's requests or replies. */
export function messageType(method: string, kind: 'Request' | 'Reply'): MessageType {
  const name = method.split('/').at(-1) ?? ''
  const replies = { ListThreads: users.ListThreadsResponse, GetThread: users.GetThreadResponse }
  const found =
    kind === 'Reply' && name in replies
      ? Reflect.get(replies, name)
      : (Reflect.get(threads, `${name}${kind}`) ?? Reflect.get(users, `${name}${kind}`))
  if (typeof found !== 'function') throw new TypeError(`no ${kind} of ${method}`)
  return found
}

/** Writes a request that was recorded as an object, its placeholders already replaced. */
export function encodeMessage(type: MessageType, fields: Readonly<Record<string, unknown>>) {
  const bytes: unknown = Reflect.get(build(type, fields), 'serializeBinary').call(
    build(type, fields),
  )
  if (!(bytes instanceof Uint8Array)) throw new TypeError('a message serializes to bytes')
  return bytes
}

function build(type: MessageType, fields: Readonly<Record<string, unknown>>): object {
  const message = new type()
  for (const [name, value] of Object.entries(fields)) {
    const set: unknown = Reflect.get(message, `set${name.charAt(0).toUpperCase()}${name.slice(1)}`)
    if (typeof set !== 'function') throw new TypeError(`${name} is no field of the message`)
    set.call(message, fieldValue(name, value))
  }
  return message
}

function fieldValue(name: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => fieldValue(name, item))
  if (isObject(value) && NESTED[name]) return build(NESTED[name], value)
  if (isObject(value) && 'json' in value) return Buffer.from(JSON.stringify(value.json))
  if (isObject(value) && 'text' in value) return Buffer.from(String(value.text))
  return value
}

/** Reads a reply as it would have been recorded: JSON in bytes decoded, IDs in base64. */
export function decodeMessage(type: MessageType, bytes: Uint8Array): unknown {
  return readable(type.deserializeBinary(bytes).toObject())
}

function readable(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => readable(item, name))
  if (isObject(value)) {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined)
    return Object.fromEntries(fields.map(([key, field]) => [key, readable(field, key)]))
  }
  if (JSON_FIELDS.includes(name) && typeof value === 'string' && value !== '') {
    return { json: JSON.parse(Buffer.from(value, 'base64').toString()) }
  }
  return value
}

/** Whether a value is an object, and no bytes. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array)
}
