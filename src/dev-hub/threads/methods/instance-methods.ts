import threads from '@textile/threads-client-grpc/threads_pb.js'
import type { HubCall, Method } from '../../call.js'
import type { Authorization } from '../../login/authorization.js'
import { type MessageType, receive, reply, type WritableMessage } from '../../protobuf.js'
import { commit } from '../commit.js'
import type { Databases } from '../databases.js'
import * as operations from '../operations.js'

/** A message of the SDK's that names a collection. */
interface NamesCollection {
  getDbid_asU8(): Uint8Array
  getCollectionname(): string
}

/** The methods on instances: for everyone who is logged in and knows the database's ID. */
export function createInstanceMethods(
  authorization: Authorization,
  databases: Databases,
): Record<string, Method> {
  async function hold<Request extends NamesCollection>(
    call: HubCall,
    type: MessageType<Request>,
    kind: 'read' | 'write',
    work: (scope: operations.Scope, request: Request) => Promise<WritableMessage>,
  ): Promise<void> {
    const { owner } = authorization.callerOf(call)
    const request = await receive(call, type)
    const database = databases.find(request.getDbid_asU8())
    const scope = { database, collection: request.getCollectionname(), caller: owner }
    const release = await database.lock.acquire(kind, call.closed)
    try {
      reply(call, await work(scope, request))
    } finally {
      release()
    }
  }

  function reads<Request extends NamesCollection>(
    type: MessageType<Request>,
    operation: (scope: operations.Scope, request: Request) => Promise<WritableMessage>,
  ): Method {
    return (call) => hold(call, type, 'read', operation)
  }

  function writes<Request extends NamesCollection>(
    type: MessageType<Request>,
    operation: (scope: operations.Scope, request: Request) => operations.Prepared<WritableMessage>,
  ): Method {
    return (call) =>
      hold(call, type, 'write', async (scope, request) => {
        const prepared = operation(scope, request)
        await commit(scope.database, scope.caller, prepared.actions)
        return prepared.reply
      })
  }

  return {
    '/threads.pb.API/Create': writes(threads.CreateRequest, operations.create),
    '/threads.pb.API/Save': writes(threads.SaveRequest, operations.save),
    '/threads.pb.API/Delete': writes(threads.DeleteRequest, operations.remove),
    '/threads.pb.API/Verify': reads(threads.VerifyRequest, operations.verify),
    '/threads.pb.API/Has': reads(threads.HasRequest, operations.has),
    '/threads.pb.API/Find': reads(threads.FindRequest, operations.find),
    '/threads.pb.API/FindByID': reads(threads.FindByIDRequest, operations.findById),
  }
}
