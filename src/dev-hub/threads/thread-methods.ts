import threads from '@textile/threads-client-grpc/threads_pb.js'
import users from '@textile/users-grpc/api/usersd/pb/usersd_pb.js'
import { Status } from '../../grpc/status.js'
import { CallError, type Method } from '../call.js'
import type { Authorization } from '../login/authorization.js'
import { receive } from '../protobuf.js'
import type { Thread, ThreadStore } from './thread-store.js'

/** Letters and digits, with single hyphens inside. */
const THREAD_NAME = /^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$/

/** The methods that create, delete, list and find a user's threads. */
export function createThreadMethods(
  authorization: Authorization,
  store: ThreadStore,
): Record<string, Method> {
  return {
    '/threads.pb.API/NewDB': async (call) => {
      const owner = authorization.ownerOf(call)
      const request = await receive(call, threads.NewDBRequest)
      const thread = { id: request.getDbid_asU8(), name: request.getName() }
      checkNewThread(thread, owner, store)
      store.add(owner, thread)
      call.reply(new threads.NewDBReply().serializeBinary())
    },

    '/threads.pb.API/DeleteDB': async (call) => {
      const owner = authorization.ownerOf(call)
      const request = await receive(call, threads.DeleteDBRequest)
      if (!store.remove(owner, request.getDbid_asU8())) {
        throw new CallError(Status.PermissionDenied, 'User does not own thread')
      }
      call.reply(new threads.DeleteDBReply().serializeBinary())
    },

    '/threads.pb.API/ListDBs': async (call) => {
      authorization.apiKeyOf(call)
      throw new CallError(Status.PermissionDenied, 'Method is not accessible')
    },

    '/api.usersd.pb.APIService/ListThreads': async (call) => {
      const owner = authorization.ownerOf(call)
      await receive(call, users.ListThreadsRequest)
      const reply = new users.ListThreadsResponse()
      reply.setListList(store.list(owner).map(describe))
      call.reply(reply.serializeBinary())
    },

    '/api.usersd.pb.APIService/GetThread': async (call) => {
      const owner = authorization.ownerOf(call)
      const name = (await receive(call, users.GetThreadRequest)).getName()
      const thread = store.list(owner).find((candidate) => candidate.name === name)
      if (!thread) throw new CallError(Status.NotFound, 'Thread not found')
      call.reply(describe(thread).serializeBinary())
    },
  }
}

function checkNewThread({ id, name }: Thread, owner: string, store: ThreadStore): void {
  if (name !== '' && !THREAD_NAME.test(name)) {
    const rule = 'a thread name has letters, digits and single hyphens inside'
    throw new CallError(Status.Unknown, rule)
  }
  if (id.length === 0) throw new CallError(Status.Unknown, 'a thread needs an ID')
  const isNameTaken = name !== '' && store.list(owner).some((thread) => thread.name === name)
  if (isNameTaken || store.has(id)) throw new CallError(Status.Unknown, 'the thread exists')
}

function describe({ id, name }: Thread): InstanceType<typeof users.GetThreadResponse> {
  const response = new users.GetThreadResponse()
  response.setId(id)
  response.setName(name)
  response.setIsDb(true)
  return response
}
