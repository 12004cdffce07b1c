import threads from '@textile/threads-client-grpc/threads_pb.js'
import { Status } from '../../grpc/status.js'
import { CallError } from '../call.js'
import { validate } from './commit.js'
import type { Database } from './database.js'
import { instanceExists } from './errors.js'
import { Reader } from './find.js'
import type { Action } from './guards/guards.js'
import { createInstanceId, parseDraft, writeInstance } from './instance.js'
import { parseQuery } from './query.js'

/** What an operation works on. */
export interface Scope {
  readonly database: Database
  readonly collection: string
  /** Public key of who calls. */
  readonly caller: string
}

/** What a write replies, and what it is to do once it is committed. */
export interface Prepared<Reply> {
  readonly reply: Reply
  readonly actions: readonly Action[]
}

type Message<Name extends keyof typeof threads> = (typeof threads)[Name] extends {
  prototype: infer Instance
}
  ? Instance
  : never

/** @throws CallError where an instance is none, exists, or doesn't correspond to the schema */
export function create(scope: Scope, request: Message<'CreateRequest'>) {
  const { database, collection } = scope
  const { validator } = database.collection(collection)
  const reply = new threads.CreateReply()
  const actions = request.getInstancesList_asU8().map((bytes): Action => {
    const draft = parseDraft(bytes)
    const id = draft.id || createInstanceId()
    const value = { ...draft.value, _id: id }
    validator.check(value)
    if (database.instances(collection).get(id)) throw instanceExists()
    reply.addInstanceids(id)
    return { type: 'create', collection, id, value }
  })
  return { reply, actions } satisfies Prepared<Message<'CreateReply'>>
}

/** @throws CallError where an instance is none, or doesn't correspond to the schema */
export function save(scope: Scope, request: Message<'SaveRequest'>) {
  const actions = prepareSave(scope, request.getInstancesList_asU8())
  return { reply: new threads.SaveReply(), actions } satisfies Prepared<Message<'SaveReply'>>
}

/** @throws CallError where an instance could not be saved */
export async function verify(scope: Scope, request: Message<'VerifyRequest'>) {
  const actions = prepareSave(scope, request.getInstancesList_asU8())
  await validate(scope.database, scope.caller, actions)
  return new threads.VerifyReply()
}

/** @throws CallError where there is no such collection */
export function remove({ database, collection }: Scope, request: Message<'DeleteRequest'>) {
  database.collection(collection)
  const actions = request
    .getInstanceidsList()
    .map((id): Action => ({ type: 'delete', collection, id, value: undefined }))
  return { reply: new threads.DeleteReply(), actions } satisfies Prepared<Message<'DeleteReply'>>
}

/** @throws CallError where there is no such collection */
export async function has(scope: Scope, request: Message<'HasRequest'>) {
  const reply = new threads.HasReply()
  reply.setExists(await read(scope).has(request.getInstanceidsList()))
  return reply
}

/** @throws CallError where the query is none, or instances have no order by it */
export async function find(scope: Scope, request: Message<'FindRequest'>) {
  const reader = read(scope)
  const query = parseQuery(Buffer.from(request.getQueryjson_asU8()).toString())
  const reply = new threads.FindReply()
  const found = await reader.find(query)
  reply.setInstancesList(found.map((instance) => Buffer.from(writeInstance(instance))))
  return reply
}

/** @throws CallError where there is no such instance */
export async function findById(scope: Scope, request: Message<'FindByIDRequest'>) {
  const instance = await read(scope).findById(request.getInstanceid())
  const reply = new threads.FindByIDReply()
  reply.setInstance(Buffer.from(writeInstance(instance)))
  return reply
}

function read({ database, collection, caller }: Scope): Reader {
  return new Reader(database, database.collection(collection), caller)
}

function prepareSave({ database, collection }: Scope, list: readonly Uint8Array[]): Action[] {
  const { validator } = database.collection(collection)
  return list.flatMap((bytes): Action[] => {
    const { id, value } = parseDraft(bytes)
    validator.check(value)
    if (id === undefined) throw new CallError(Status.Unknown, 'instance: it needs an _id')
    // hubd answers well and stores nothing that can be found.
    return id === '' ? [] : [{ type: 'save', collection, id, value }]
  })
}
