import threads from '@textile/threads-client-grpc/threads_pb.js'
import { Status } from '../../../grpc/status.js'
import { CallError, type HubCall, type Method } from '../../call.js'
import type { Authorization } from '../../login/authorization.js'
import { type MessageType, receive, reply } from '../../protobuf.js'
import { type CollectionConfig, checkConfig } from '../collection.js'
import type { Database } from '../database.js'
import type { Databases } from '../databases.js'

/** A message of the SDK's that names a database. */
interface NamesDatabase {
  getDbid_asU8(): Uint8Array
}

/** A message of the SDK's that says how a collection is set up. */
type ConfigMessage = InstanceType<
  typeof threads.CollectionConfig | typeof threads.GetCollectionInfoReply
>

/** The methods on a database's collections: for its owner alone. */
export function createCollectionMethods(
  authorization: Authorization,
  databases: Databases,
): Record<string, Method> {
  async function open<Request extends NamesDatabase>(
    call: HubCall,
    type: MessageType<Request>,
  ): Promise<{ request: Request; database: Database }> {
    const caller = authorization.callerOf(call)
    const request = await receive(call, type)
    return { request, database: databases.findOwned(call, request.getDbid_asU8(), caller) }
  }

  return {
    '/threads.pb.API/NewCollection': async (call) => {
      const { request, database } = await open(call, threads.NewCollectionRequest)
      database.addCollection(await checkConfig(readConfig(request.getConfig())))
      reply(call, new threads.NewCollectionReply())
    },

    '/threads.pb.API/UpdateCollection': async (call) => {
      const { request, database } = await open(call, threads.UpdateCollectionRequest)
      database.updateCollection(await checkConfig(readConfig(request.getConfig())))
      reply(call, new threads.UpdateCollectionReply())
    },

    '/threads.pb.API/DeleteCollection': async (call) => {
      const { request, database } = await open(call, threads.DeleteCollectionRequest)
      database.deleteCollection(request.getName())
      reply(call, new threads.DeleteCollectionReply())
    },

    '/threads.pb.API/GetCollectionInfo': async (call) => {
      const { request, database } = await open(call, threads.GetCollectionInfoRequest)
      const { config } = database.collection(request.getName())
      reply(call, writeConfig(config, new threads.GetCollectionInfoReply()))
    },

    '/threads.pb.API/GetCollectionIndexes': async (call) => {
      const { request, database } = await open(call, threads.GetCollectionIndexesRequest)
      const { config } = database.collection(request.getName())
      const indexes = new threads.GetCollectionIndexesReply()
      indexes.setIndexesList(writeIndexes(config))
      reply(call, indexes)
    },

    '/threads.pb.API/ListCollections': async (call) => {
      const { database } = await open(call, threads.ListCollectionsRequest)
      const list = new threads.ListCollectionsReply()
      for (const { config } of database.listCollections()) {
        list.addCollections(writeConfig(config, new threads.CollectionConfig()))
      }
      reply(call, list)
    },
  }
}

/**
 * Reads how a collection is to be set up.
 *
 * @throws CallError where that is missing: a deliberate difference, since it ends hubd's process
 */
export function readConfig(
  message: InstanceType<typeof threads.CollectionConfig> | undefined,
): CollectionConfig {
  if (!message) throw new CallError(Status.Unknown, 'the collection needs a config')
  return {
    name: message.getName(),
    schema: Buffer.from(message.getSchema_asU8()).toString(),
    indexes: message
      .getIndexesList()
      .map((index) => ({ path: index.getPath(), unique: index.getUnique() })),
    writeValidator: message.getWritevalidator(),
    readFilter: message.getReadfilter(),
  }
}

/** Writes how a collection is set up into a message that can say so. */
function writeConfig<Message extends ConfigMessage>(
  config: CollectionConfig,
  message: Message,
): Message {
  message.setName(config.name)
  message.setSchema(Buffer.from(config.schema))
  message.setIndexesList(writeIndexes(config))
  message.setWritevalidator(config.writeValidator)
  message.setReadfilter(config.readFilter)
  return message
}

function writeIndexes({ indexes }: CollectionConfig): InstanceType<typeof threads.Index>[] {
  return indexes.map(({ path, unique }) => {
    const message = new threads.Index()
    message.setPath(path)
    message.setUnique(unique)
    return message
  })
}
