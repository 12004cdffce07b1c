import threads from '@textile/threads-client-grpc/threads_pb.js'
import { Status } from '../../../grpc/status.js'
import { CallError, type HubCall, type Method } from '../../call.js'
import type { Authorization } from '../../login/authorization.js'
import { decode, type MessageType, receive, reply } from '../../protobuf.js'
import { commit } from '../commit.js'
import type { Databases } from '../databases.js'
import type { Action } from '../guards/guards.js'
import * as operations from '../operations.js'

type StartRequest = InstanceType<typeof threads.StartTransactionRequest>

/** A reply that can say that its operation has failed, and the transaction goes on. */
interface TransactionReply {
  setTransactionerror(text: string): void
}

/** The transactions: streams both ways, which hold the database until they end. */
export function createTransactionMethods(
  authorization: Authorization,
  databases: Databases,
): Record<string, Method> {
  /** Holds the database that a transaction starts on, while it runs. */
  async function hold(
    call: HubCall,
    kind: 'read' | 'write',
    start: StartRequest | undefined,
    caller: string,
    run: (scope: operations.Scope) => Promise<void>,
  ): Promise<void> {
    if (!start) throw new CallError(Status.Unknown, 'a transaction must begin with its start')
    const database = databases.find(start.getDbid_asU8())
    const collection = start.getCollectionname()
    database.collection(collection)
    const release = await database.lock.acquire(kind, call.closed)
    try {
      await run({ database, collection, caller })
    } finally {
      release()
    }
  }

  return {
    '/threads.pb.API/ReadTransaction': async (call) => {
      const { owner } = authorization.callerOf(call)
      const first = await receive(call, threads.ReadTransactionRequest)
      await hold(call, 'read', first.getStarttransactionrequest(), owner, async (scope) => {
        for await (const request of requestsOf(call, threads.ReadTransactionRequest)) {
          reply(call, await read(scope, request))
        }
      })
    },

    '/threads.pb.API/WriteTransaction': async (call) => {
      const { owner } = authorization.callerOf(call)
      const first = await receive(call, threads.WriteTransactionRequest)
      await hold(call, 'write', first.getStarttransactionrequest(), owner, async (scope) => {
        const actions: Action[] = []
        let isDiscarded = false
        for await (const request of requestsOf(call, threads.WriteTransactionRequest)) {
          isDiscarded ||= request.hasDiscardrequest()
          reply(call, await write(scope, request, actions))
        }
        if (isDiscarded) {
          throw new CallError(Status.Unknown, "can't commit discarded/committed txn")
        }
        await commit(scope.database, scope.caller, actions)
      })
    },
  }
}

/** A call's further requests, until its caller sends no more. */
async function* requestsOf<Message>(
  call: HubCall,
  type: MessageType<Message>,
): AsyncGenerator<Message> {
  for (;;) {
    const bytes = await call.receive()
    if (!bytes) return
    yield decode(type, bytes)
  }
}

/** Does what a request of a read transaction asks for. */
async function read(
  scope: operations.Scope,
  request: InstanceType<typeof threads.ReadTransactionRequest>,
): Promise<InstanceType<typeof threads.ReadTransactionReply>> {
  const { OptionCase } = threads.ReadTransactionRequest
  const answer = new threads.ReadTransactionReply()
  switch (request.getOptionCase()) {
    case OptionCase.HASREQUEST: {
      const asked = request.getHasrequest() ?? new threads.HasRequest()
      answer.setHasreply(await attempt(new threads.HasReply(), () => operations.has(scope, asked)))
      return answer
    }
    case OptionCase.FINDREQUEST: {
      const asked = request.getFindrequest() ?? new threads.FindRequest()
      const find = () => operations.find(scope, asked)
      answer.setFindreply(await attempt(new threads.FindReply(), find))
      return answer
    }
    case OptionCase.FINDBYIDREQUEST: {
      const asked = request.getFindbyidrequest() ?? new threads.FindByIDRequest()
      const find = () => operations.findById(scope, asked)
      answer.setFindbyidreply(await attempt(new threads.FindByIDReply(), find))
      return answer
    }
    default:
      throw new CallError(Status.Unknown, 'a read transaction has no such request')
  }
}

/**
 * Does what a request of a write transaction asks for, except for the writing.
 *
 * @param actions - takes what is to be written
 */
async function write(
  scope: operations.Scope,
  request: InstanceType<typeof threads.WriteTransactionRequest>,
  actions: Action[],
): Promise<InstanceType<typeof threads.WriteTransactionReply>> {
  const { OptionCase } = threads.WriteTransactionRequest
  const answer = new threads.WriteTransactionReply()
  const collect = <Reply>(prepared: operations.Prepared<Reply>): Reply => {
    actions.push(...prepared.actions)
    return prepared.reply
  }
  switch (request.getOptionCase()) {
    case OptionCase.CREATEREQUEST: {
      const asked = request.getCreaterequest() ?? new threads.CreateRequest()
      const create = async () => collect(operations.create(scope, asked))
      answer.setCreatereply(await attempt(new threads.CreateReply(), create))
      return answer
    }
    case OptionCase.VERIFYREQUEST: {
      const asked = request.getVerifyrequest() ?? new threads.VerifyRequest()
      const verify = () => operations.verify(scope, asked)
      answer.setVerifyreply(await attempt(new threads.VerifyReply(), verify))
      return answer
    }
    case OptionCase.SAVEREQUEST: {
      const asked = request.getSaverequest() ?? new threads.SaveRequest()
      const save = async () => collect(operations.save(scope, asked))
      answer.setSavereply(await attempt(new threads.SaveReply(), save))
      return answer
    }
    case OptionCase.DELETEREQUEST: {
      const asked = request.getDeleterequest() ?? new threads.DeleteRequest()
      const remove = async () => collect(operations.remove(scope, asked))
      answer.setDeletereply(await attempt(new threads.DeleteReply(), remove))
      return answer
    }
    case OptionCase.DISCARDREQUEST:
      answer.setDiscardreply(new threads.DiscardReply())
      return answer
    default: {
      const found = await read(scope, readPart(request))
      answer.setHasreply(found.getHasreply())
      if (found.hasFindreply()) answer.setFindreply(found.getFindreply())
      if (found.hasFindbyidreply()) answer.setFindbyidreply(found.getFindbyidreply())
      return answer
    }
  }
}

/** The request of a write transaction as one of a read transaction, where it is one. */
function readPart(
  request: InstanceType<typeof threads.WriteTransactionRequest>,
): InstanceType<typeof threads.ReadTransactionRequest> {
  const part = new threads.ReadTransactionRequest()
  if (request.hasHasrequest()) part.setHasrequest(request.getHasrequest())
  if (request.hasFindrequest()) part.setFindrequest(request.getFindrequest())
  if (request.hasFindbyidrequest()) part.setFindbyidrequest(request.getFindbyidrequest())
  return part
}

/** Does an operation, and tells a failure in the reply: the transaction goes on, as at hubd. */
async function attempt<Reply extends TransactionReply>(
  failed: Reply,
  operation: () => Promise<Reply>,
): Promise<Reply> {
  try {
    return await operation()
  } catch (error) {
    if (!(error instanceof CallError)) throw error
    failed.setTransactionerror(error.status.message)
    return failed
  }
}
