import threads from '@textile/threads-client-grpc/threads_pb.js'
import { Status } from '../../../grpc/status.js'
import { CallError, type HubCall, type Method } from '../../call.js'
import type { Authorization } from '../../login/authorization.js'
import { receive, reply } from '../../protobuf.js'
import type { Database } from '../database.js'
import type { Databases } from '../databases.js'
import { ReadFilter } from '../guards/guards.js'
import { writeInstance } from '../instance.js'
import type { InstanceEvent } from '../listeners.js'

type Filter = InstanceType<typeof threads.ListenRequest.Filter>

/** How many events may wait for a listener before it is cut off. */
const MAX_WAITING = 10_000

/** Makes `threads.pb.API/Listen`: tells of every write until the caller leaves. */
export function createListen(authorization: Authorization, databases: Databases): Method {
  return async (call) => {
    const { owner } = authorization.callerOf(call)
    const request = await receive(call, threads.ListenRequest)
    const database = databases.find(request.getDbid_asU8())
    const filters = request.getFiltersList()
    for (const filter of filters) checkFilter(filter)
    const waiting: InstanceEvent[] = []
    let wake = () => {}
    let hasLeft = false
    const remove = database.listeners.add((events) => {
      waiting.push(...events.filter((event) => isWanted(event, filters)))
      wake()
    })
    void call.closed.then(() => {
      hasLeft = true
      wake()
    })
    try {
      while (!hasLeft) {
        if (waiting.length > MAX_WAITING) {
          throw new CallError(Status.ResourceExhausted, 'the listener is too slow')
        }
        const event = waiting.shift()
        if (event) await tell(call, database, event, owner)
        else await new Promise<void>((resolve) => (wake = resolve))
      }
    } finally {
      remove()
    }
  }
}

async function tell(
  call: HubCall,
  database: Database,
  event: InstanceEvent,
  reader: string,
): Promise<void> {
  const told = new threads.ListenReply()
  told.setCollectionname(event.collection)
  told.setInstanceid(event.id)
  told.setAction(ACTIONS[event.type])
  if (event.instance) {
    const seen = await seenBy(reader, database, event)
    if (!seen) return
    told.setInstance(Buffer.from(writeInstance(seen)))
  }
  reply(call, told)
  await call.drained()
}

/** What a reader may see of an event's instance. */
async function seenBy(reader: string, database: Database, { collection, instance }: InstanceEvent) {
  const config = database.listCollections().find(({ config }) => config.name === collection)?.config
  if (!instance || !config?.readFilter) return instance
  const filter = await ReadFilter.open(config.readFilter)
  try {
    return filter.apply(reader, instance)
  } finally {
    filter.dispose()
  }
}

const { Action: Asked } = threads.ListenRequest.Filter
const { Action: Told } = threads.ListenReply

const ACTIONS = { create: Told.CREATE, save: Told.SAVE, delete: Told.DELETE } as const

const ASKED = { create: Asked.CREATE, save: Asked.SAVE, delete: Asked.DELETE } as const

function checkFilter(filter: Filter): void {
  const action: number = filter.getAction()
  if (action < Asked.ALL || action > Asked.DELETE) {
    throw new CallError(Status.InvalidArgument, `invalid filter action ${action}`)
  }
}

/** Whether any filter lets an event through; without filters all are. */
function isWanted({ type, collection, id }: InstanceEvent, filters: readonly Filter[]): boolean {
  if (filters.length === 0) return true
  return filters.some((filter) => {
    const isCollection = ['', collection].includes(filter.getCollectionname())
    const isInstance = ['', id].includes(filter.getInstanceid())
    const isAction = filter.getAction() === Asked.ALL || filter.getAction() === ASKED[type]
    return isCollection && isInstance && isAction
  })
}
