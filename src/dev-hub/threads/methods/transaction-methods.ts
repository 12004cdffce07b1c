import threads from '@textile/threads-client-grpc/threads_pb.js'
import { Status } from '../../../grpc/status.js'
import { CallError, type HubCall, type Method } from '../../call.js'
import type { Authorization } from '../../login/authorization.js'
import { decode, receive } from '../../protobuf.js'
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
        for await (const bytes of requestsOf(call)) {
          const request = decode(threads.ReadTransactionRequest, bytes)
          call.reply((await read(scope, request)).serializeBinary())
        }
      })
    },

    '/threads.pb.API/WriteTransaction': async (call) => {
      const { owner } = authorization.callerOf(call)
      const first = await receive(call, threads.WriteTransactionRequest)
      await hold(call, 'write', first.getStarttransactionrequest(), owner, async (scope) => {
        const actions: Action[] = []
        let isDiscarded = false
        for await (const bytes of requestsOf(call)) {
          const request = decode(threads.WriteTransactionRequest, bytes)
          isDiscarded ||= request.hasDiscardrequest()
          call.reply((await write(scope, request, actions)).serializeBinary())
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
async function* requestsOf(call: HubCall): AsyncGenerator<Uint8Array> {
  for (;;) {
    const bytes = await call.receive()
    if (!bytes) return
    yield bytes
  }
}

/** Does what a request of a read transaction asks for. */
async function read(
  scope: operations.Scope,
  request: InstanceType<typeof threads.ReadTransactionRequest>,
): Promise<InstanceType<typeof threads.ReadTransactionReply>> {
  const { OptionCase } = threads.ReadTransactionRequest
  const reply = new threads.ReadTransactionReply()
  switch (request.getOptionCase()) {
    case OptionCase.HASREQUEST: {
      const asked = request.getHasrequest() ?? new threads.HasRequest()
      reply.setHasreply(await attempt(new threads.HasReply(), () => operations.has(scope, asked)))
      return reply
    }
    case OptionCase.FINDREQUEST: {
      const asked = request.getFindrequest() ?? new threads.FindRequest()
      const find = () => operations.find(scope, asked)
      reply.setFindreply(await attempt(new threads.FindReply(), find))
      return reply
    }
    case OptionCase.FINDBYIDREQUEST: {
      const asked = request.getFindbyidrequest() ?? new threads.FindByIDRequest()
      const find = () => operations.findById(scope, asked)
      reply.setFindbyidreply(await attempt(new threads.FindByIDReply(), find))
      return reply
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
  const reply = new threads.WriteTransactionReply()
  const collect = async <Reply>(prepare: () => operations.Prepared<Reply>): Promise<Reply> => {
    const prepared = prepare()
    actions.push(...prepared.actions)
    return prepared.reply
  }
  switch (request.getOptionCase()) {
    case OptionCase.CREATEREQUEST: {
      const asked = request.getCreaterequest() ?? new threads.CreateRequest()
      const create = () => collect(() => operations.create(scope, asked))
      reply.setCreatereply(await attempt(new threads.CreateReply(), create))
      return reply
    }
    case OptionCase.VERIFYREQUEST: {
      const asked = request.getVerifyrequest() ?? new threads.VerifyRequest()
      const verify = () => operations.verify(scope, asked)
      reply.setVerifyreply(await attempt(new threads.VerifyReply(), verify))
      return reply
    }
    case OptionCase.SAVEREQUEST: {
      const asked = request.getSaverequest() ?? new threads.SaveRequest()
      const save = () => collect(() => operations.save(scope, asked))
      reply.setSavereply(await attempt(new threads.SaveReply(), save))
      return reply
    }
    case OptionCase.DELETEREQUEST: {
      const asked = request.getDeleterequest() ?? new threads.DeleteRequest()
      const remove = () => collect(() => operations.remove(scope, asked))
      reply.setDeletereply(await attempt(new threads.DeleteReply(), remove))
      return reply
    }
    case OptionCase.DISCARDREQUEST:
      reply.setDiscardreply(new threads.DiscardReply())
      return reply
    default: {
      const question = readPart(request)
      const answer = await read(scope, question)
      reply.setHasreply(answer.getHasreply())
      if (answer.hasFindreply()) reply.setFindreply(answer.getFindreply())
      if (answer.hasFindbyidreply()) reply.setFindbyidreply(answer.getFindbyidreply())
      return reply
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
