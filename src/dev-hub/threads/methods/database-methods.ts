import threads from '@textile/threads-client-grpc/threads_pb.js'
import { Status } from '../../../grpc/status.js'
import { decodeMultibase } from '../../../keys/multibase.js'
import { CallError, type Method } from '../../call.js'
import type { Authorization } from '../../login/authorization.js'
import { receive, reply } from '../../protobuf.js'
import { checkConfig } from '../collection.js'
import type { Databases } from '../databases.js'
import { parseThreadId, type Thread } from '../registry.js'
import { readConfig } from './collection-methods.js'

/** Which buckets there are, as far as databases need to know. */
export interface BucketLists {
  /** The buckets of a thread, by its ID. */
  list(thread: string): readonly unknown[]
}

/** What these methods work on. */
export interface DatabaseMethodParts {
  readonly authorization: Authorization
  readonly databases: Databases
  /** The Hub's public key. */
  readonly hubKey: string
  readonly buckets: BucketLists
}

/** The methods that make, describe and delete databases. */
export function createDatabaseMethods({
  authorization,
  databases,
  hubKey,
  buckets,
}: DatabaseMethodParts): Record<string, Method> {
  return {
    '/threads.pb.API/NewDB': async (call) => {
      const caller = authorization.callerOf(call)
      const request = await receive(call, threads.NewDBRequest)
      const configs = request.getCollectionsList().map(readConfig)
      const checked = await Promise.all(configs.map(checkConfig))
      const name = call.metadata.get('x-textile-thread-name') ?? ''
      const id = request.getDbid_asU8()
      databases.create({ id, name, databaseName: request.getName() }, caller, checked)
      reply(call, new threads.NewDBReply())
    },

    '/threads.pb.API/NewDBFromAddr': async (call) => {
      authorization.callerOf(call)
      const request = await receive(call, threads.NewDBFromAddrRequest)
      // The thread's ID stands last in its address.
      if (databases.registry.find(request.getAddr_asU8().slice(-THREAD_ID_BYTES))) {
        throw new CallError(Status.Unknown, 'db already exists')
      }
      const text = 'the development Hub has no peers to fetch a thread from'
      throw new CallError(Status.Unimplemented, text)
    },

    '/threads.pb.API/GetDBInfo': async (call) => {
      const caller = authorization.callerOf(call)
      const request = await receive(call, threads.GetDBInfoRequest)
      const { thread } = databases.findOwned(call, request.getDbid_asU8(), caller)
      const info = new threads.GetDBInfoReply()
      info.setKey(thread.key)
      info.setName(thread.databaseName || 'unnamed')
      info.addAddrs(addressOf(thread, hubKey))
      reply(call, info)
    },

    '/threads.pb.API/DeleteDB': async (call) => {
      const caller = authorization.callerOf(call)
      const request = await receive(call, threads.DeleteDBRequest)
      const database = databases.findOwned(call, request.getDbid_asU8(), caller)
      if (buckets.list(database.thread.id).length > 0) {
        const text = 'DB not empty (delete buckets first)'
        throw new CallError(Status.FailedPrecondition, text)
      }
      databases.delete(database)
      reply(call, new threads.DeleteDBReply())
    },
  }
}

/** A version, a variant, 32 random bytes. */
const THREAD_ID_BYTES = 34

/** `/ip4/127.0.0.1/tcp/4006/p2p/`: where hubd's peer listens. This Hub has none there. */
const PEER_PREFIX = Uint8Array.of(4, 127, 0, 0, 1, 6, 0x0f, 0xa6, 0xa5, 0x03)

/** `/thread/` */
const THREAD_PREFIX = Uint8Array.of(0x96, 0x03)

/** A thread's address as a multiaddr, in bytes. */
function addressOf({ id }: Thread, hubKey: string): Uint8Array {
  const peer = decodeMultibase(hubKey) ?? new Uint8Array()
  const thread = parseThreadId(id)
  return Buffer.concat([
    PEER_PREFIX,
    // A peer's ID is the identity hash (0) of its public key.
    Uint8Array.of(peer.length + 2, 0, peer.length),
    peer,
    THREAD_PREFIX,
    Uint8Array.of(thread.length),
    thread,
  ])
}
