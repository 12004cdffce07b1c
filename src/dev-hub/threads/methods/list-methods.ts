import users from '@textile/users-grpc/api/usersd/pb/usersd_pb.js'
import { Status } from '../../../grpc/status.js'
import { CallError, type Method } from '../../call.js'
import type { Authorization } from '../../login/authorization.js'
import { receive, reply } from '../../protobuf.js'
import { parseThreadId, type Thread, type ThreadRegistry } from '../registry.js'

/** The methods that list and find a user's threads. */
export function createListMethods(
  authorization: Authorization,
  registry: ThreadRegistry,
): Record<string, Method> {
  return {
    '/threads.pb.API/ListDBs': async (call) => {
      authorization.apiKeyOf(call)
      throw new CallError(Status.PermissionDenied, 'Method is not accessible')
    },

    '/api.usersd.pb.APIService/ListThreads': async (call) => {
      const caller = authorization.callerOf(call)
      registry.findNamed(call, caller)
      await receive(call, users.ListThreadsRequest)
      const list = new users.ListThreadsResponse()
      for (const thread of registry.listOf(caller.owner)) list.addList(describe(thread))
      reply(call, list)
    },

    '/api.usersd.pb.APIService/GetThread': async (call) => {
      const caller = authorization.callerOf(call)
      registry.findNamed(call, caller)
      const name = (await receive(call, users.GetThreadRequest)).getName()
      const thread = registry
        .listOf(caller.owner)
        .find((candidate) => candidate.name !== '' && candidate.name === name)
      if (!thread) throw new CallError(Status.NotFound, 'Thread not found')
      reply(call, describe(thread))
    },
  }
}

function describe({ id, name }: Thread): InstanceType<typeof users.GetThreadResponse> {
  const response = new users.GetThreadResponse()
  response.setId(parseThreadId(id))
  response.setName(name)
  response.setIsDb(true)
  return response
}
