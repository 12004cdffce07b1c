import pb from '@textile/users-grpc/api/usersd/pb/usersd_pb.js'
import { Status } from '../../grpc/status.js'
import { decodePublicKey, formatPublicKey, verifySignature } from '../../keys/public-key.js'
import { CallError, type HubCall, type Method } from '../call.js'
import type { Authorization, Caller } from '../login/authorization.js'
import { receive, reply } from '../protobuf.js'
import { commit } from '../threads/commit.js'
import type { Database } from '../threads/database.js'
import type { Databases } from '../threads/databases.js'
import { instanceNotFound } from '../threads/errors.js'
import type { Action } from '../threads/guards/guards.js'
import { createInstanceId, nextMod } from '../threads/instance.js'
import { parseThreadId } from '../threads/registry.js'
import { findMailbox, INBOX, SENTBOX, setUpMailbox } from './mailbox.js'
import { listMessages, type Message } from './messages.js'

/** The methods of mailboxes, by path. */
export function createMailMethods(
  authorization: Authorization,
  databases: Databases,
): Record<string, Method> {
  const callerOf = (call: HubCall): Caller => {
    const caller = authorization.callerOf(call)
    databases.registry.findNamed(call, caller)
    return caller
  }
  return {
    '/api.usersd.pb.APIService/SetupMailbox': async (call) => {
      const caller = callerOf(call)
      await receive(call, pb.SetupMailboxRequest)
      const { thread } = await setUpMailbox(databases, caller)
      const response = new pb.SetupMailboxResponse()
      response.setMailboxId(parseThreadId(thread.id))
      reply(call, response)
    },

    '/api.usersd.pb.APIService/SendMessage': async (call) => {
      const { owner: from } = callerOf(call)
      const request = await receive(call, pb.SendMessageRequest)
      checkSignature(from, request.getToBody_asU8(), request.getToSignature_asU8())
      checkSignature(from, request.getFromBody_asU8(), request.getFromSignature_asU8())
      const to = canonicalOf(request.getTo())
      const [inbox, sentbox] = [findMailbox(databases, to), findMailbox(databases, from)]
      const sent = { _id: createInstanceId(), from, to, created_at: Number(nextMod()) }
      const [body, signature] = [request.getToBody_asB64(), request.getToSignature_asB64()]
      await write(call, inbox, from, create(INBOX, { ...sent, body, signature, read_at: 0 }))
      const copy = {
        body: request.getFromBody_asB64(),
        signature: request.getFromSignature_asB64(),
      }
      await write(call, sentbox, from, create(SENTBOX, { ...sent, ...copy }))
      const response = new pb.SendMessageResponse()
      response.setId(sent._id)
      response.setCreatedAt(sent.created_at)
      reply(call, response)
    },

    '/api.usersd.pb.APIService/ListInboxMessages': async (call) => {
      const { owner } = callerOf(call)
      const request = await receive(call, pb.ListInboxMessagesRequest)
      const response = new pb.ListInboxMessagesResponse()
      const filter = { ...rangeOf(request), status: request.getStatus() }
      const mailbox = findMailbox(databases, owner)
      response.setMessagesList(await listMessages(mailbox, INBOX, owner, filter))
      reply(call, response)
    },

    '/api.usersd.pb.APIService/ListSentboxMessages': async (call) => {
      const { owner } = callerOf(call)
      const request = await receive(call, pb.ListSentboxMessagesRequest)
      const response = new pb.ListSentboxMessagesResponse()
      const filter = { ...rangeOf(request), status: pb.ListInboxMessagesRequest.Status.STATUS_ALL }
      const mailbox = findMailbox(databases, owner)
      response.setMessagesList(await listMessages(mailbox, SENTBOX, owner, filter))
      reply(call, response)
    },

    '/api.usersd.pb.APIService/ReadInboxMessage': async (call) => {
      const { owner } = callerOf(call)
      const id = (await receive(call, pb.ReadInboxMessageRequest)).getId()
      const mailbox = findMailbox(databases, owner)
      const readAt = Number(nextMod())
      await write(call, mailbox, owner, () => {
        const message = mailbox.instances(INBOX).get(id)
        if (!message) throw instanceNotFound()
        const value = { ...message.value, read_at: readAt }
        return { type: 'save', collection: INBOX, id, value }
      })
      const response = new pb.ReadInboxMessageResponse()
      response.setReadAt(readAt)
      reply(call, response)
    },

    '/api.usersd.pb.APIService/DeleteInboxMessage': async (call) => {
      const { owner } = callerOf(call)
      const id = (await receive(call, pb.DeleteInboxMessageRequest)).getId()
      await write(call, findMailbox(databases, owner), owner, remove(INBOX, id))
      reply(call, new pb.DeleteInboxMessageResponse())
    },

    '/api.usersd.pb.APIService/DeleteSentboxMessage': async (call) => {
      const { owner } = callerOf(call)
      const id = (await receive(call, pb.DeleteSentboxMessageRequest)).getId()
      await write(call, findMailbox(databases, owner), owner, remove(SENTBOX, id))
      reply(call, new pb.DeleteSentboxMessageResponse())
    },

    '/api.usersd.pb.APIService/GetUsage': async (call) => {
      callerOf(call)
      throw new CallError(Status.Unknown, 'billing is not enabled')
    },
  }
}

/** Writes to a mailbox when it is its turn; whoever watches it is told. */
async function write(
  call: HubCall,
  mailbox: Database,
  writer: string,
  action: () => Action,
): Promise<void> {
  const release = await mailbox.lock.acquire('write', call.closed)
  try {
    await commit(mailbox, writer, [action()])
  } finally {
    release()
  }
}

function create(collection: string, value: Message): () => Action {
  return () => ({ type: 'create', collection, id: value._id, value })
}

function remove(collection: string, id: string): () => Action {
  return () => ({ type: 'delete', collection, id, value: undefined })
}

/** What both kinds of lists are asked for by. */
function rangeOf(request: pb.ListInboxMessagesRequest | pb.ListSentboxMessagesRequest) {
  return {
    seek: request.getSeek(),
    limit: request.getLimit(),
    isAscending: request.getAscending(),
  }
}

function checkSignature(sender: string, body: Uint8Array, signature: Uint8Array): void {
  if (verifySignature(sender, body, signature)) return
  throw new CallError(Status.Unauthenticated, 'Bad message signature')
}

/** Reads a public key in any multibase, as hubd does, and returns its canonical text. */
function canonicalOf(text: string): string {
  const raw = decodePublicKey(text)
  if (!raw) throw new CallError(Status.FailedPrecondition, 'Invalid public key')
  return formatPublicKey(raw)
}
