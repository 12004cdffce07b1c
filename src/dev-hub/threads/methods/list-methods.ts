import users from '@textile/users-grpc/api/usersd/pb/usersd_pb.js'
import { Status } from '../../../grpc/status.js'
import { CallError, type Method } from '../../call.js'
import type { Authorization } from '../../login/authorization.js'
import { receive } from '../../protobuf.js'
import type { DatabaseRecord } from '../database.js'
import { type Databases, parseThreadId } from '../databases.js'

/** The methods that list and find a user's threads. */
export function createListMethods(
  authorization: Authorization,
  databases: Databases,
): Record<string, Method> {
  return {
    '/threads.pb.API/ListDBs': async (call) => {
      authorization.apiKeyOf(call)
      throw new CallError(Status.PermissionDenied, 'Method is not accessible')
    },

    '/api.usersd.pb.APIService/ListThreads': async (call) => {
      const caller = authorization.callerOf(call)
      databases.findNamed(call, caller)
      await receive(call, users.ListThreadsRequest)
      const reply = new users.ListThreadsResponse()
      for (const { record } of databases.listOf(caller.owner)) reply.addList(describe(record))
      call.reply(reply.serializeBinary())
    },

    '/api.usersd.pb.APIService/GetThread': async (call) => {
      const caller = authorization.callerOf(call)
      databases.findNamed(call, caller)
      const name = (await receive(call, users.GetThreadRequest)).getName()
      const database = databases
        .listOf(caller.owner)
        .find(({ record }) => record.threadName !== '' && record.threadName === name)
      if (!database) throw new CallError(Status.NotFound, 'Thread not found')
      call.reply(describe(database.record).serializeBinary())
    },
  }
}

function describe({
  id,
  threadName,
}: DatabaseRecord): InstanceType<typeof users.GetThreadResponse> {
  const response = new users.GetThreadResponse()
  response.setId(parseThreadId(id))
  response.setName(threadName)
  response.setIsDb(true)
  return response
}
