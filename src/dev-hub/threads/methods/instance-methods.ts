import threads from '@textile/threads-client-grpc/threads_pb.js'
import type { HubCall, Method } from '../../call.js'
import type { Authorization } from '../../login/authorization.js'
import { receive } from '../../protobuf.js'
import { commit } from '../commit.js'
import type { Databases } from '../databases.js'
import * as operations from '../operations.js'

/** A message of the SDK's that names a collection. */
interface NamesCollection {
  getDbid_asU8(): Uint8Array
  getCollectionname(): string
}

/** A generated message class. */
interface MessageType<Message> {
  deserializeBinary(bytes: Uint8Array): Message
}

/** What is replied: a generated message. */
interface Reply {
  serializeBinary(): Uint8Array
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
    work: (scope: operations.Scope, request: Request) => Promise<Reply>,
  ): Promise<void> {
    const { owner } = authorization.callerOf(call)
    const request = await receive(call, type)
    const database = databases.find(request.getDbid_asU8())
    const scope = { database, collection: request.getCollectionname(), caller: owner }
    const release = await database.lock.acquire(kind, call.closed)
    try {
      call.reply((await work(scope, request)).serializeBinary())
    } finally {
      release()
    }
  }

  function reads<Request extends NamesCollection>(
    type: MessageType<Request>,
    operation: (scope: operations.Scope, request: Request) => Promise<Reply>,
  ): Method {
    return (call) => hold(call, type, 'read', operation)
  }

  function writes<Request extends NamesCollection>(
    type: MessageType<Request>,
    operation: (scope: operations.Scope, request: Request) => operations.Prepared<Reply>,
  ): Method {
    return (call) =>
      hold(call, type, 'write', async (scope, request) => {
        const { reply, actions } = operation(scope, request)
        await commit(scope.database, scope.caller, actions)
        return reply
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
