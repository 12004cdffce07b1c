import pb from '@textile/users-grpc/api/usersd/pb/usersd_pb.js'
import { z } from 'zod'
import { Status } from '../../grpc/status.js'
import { CallError } from '../call.js'
import type { Database } from '../threads/database.js'
import { Reader } from '../threads/find.js'
import type { Instance } from '../threads/instance.js'
import type { Query } from '../threads/query.js'

/** How many messages one list has, unless told otherwise, and at most: as at hubd. */
const DEFAULT_LIMIT = 100
const MAX_LIMIT = 10_000

/** Sorts after the ID of every message. */
const AFTER_ALL_IDS = '7zzzzzzzzzzzzzzzzzzzzzzzzz'

/** What a query calls equality, and greater. */
const EQUALS = 0
const IS_GREATER = 2

const { STATUS_UNSPECIFIED, STATUS_ALL, STATUS_READ, STATUS_UNREAD } =
  pb.ListInboxMessagesRequest.Status

const messageSchema = z.object({
  _id: z.string(),
  from: z.string(),
  to: z.string(),
  body: z.base64(),
  signature: z.base64(),
  created_at: z.number(),
  read_at: z.number().default(0),
})

/** A message, as it stands in the collections of mailboxes. */
export type Message = z.input<typeof messageSchema>

/** What to list. */
export interface MessageFilter {
  /** Where to start: the ID of a message, itself included; or empty. */
  readonly seek: string
  /** The number of messages; 0 for as many as usual. */
  readonly limit: number
  /** Oldest first; else newest first. */
  readonly isAscending: boolean
  /** One of the SDK's `ListInboxMessagesRequest.Status`: whether they have been read. */
  readonly status: number
}

/**
 * Lists the messages of a mailbox.
 *
 * @param collection - the inbox or the sentbox
 * @param owner - public key of the user whose mailbox it is
 * @throws CallError where the status is none
 */
export async function listMessages(
  mailbox: Database,
  collection: string,
  owner: string,
  filter: MessageFilter,
): Promise<pb.Message[]> {
  const reader = new Reader(mailbox, mailbox.collection(collection), owner)
  return (await reader.find(toQuery(filter))).map(toPb)
}

/** Makes a query that lists as hubd does. */
function toQuery({ seek, limit, isAscending, status }: MessageFilter): Query {
  const operation = { [STATUS_READ]: IS_GREATER, [STATUS_UNREAD]: EQUALS }[status]
  if (operation === undefined && status !== STATUS_UNSPECIFIED && status !== STATUS_ALL) {
    throw new CallError(Status.Unknown, `unknown message status: ${status}`)
  }
  return {
    ands: operation === undefined ? [] : [{ fieldPath: 'read_at', operation, value: { float: 0 } }],
    sort: { fieldPath: '_id', desc: !isAscending },
    seek: seek || (isAscending ? '' : AFTER_ALL_IDS),
    limit: limit === 0 ? DEFAULT_LIMIT : Math.min(limit, MAX_LIMIT),
  }
}

function toPb({ value }: Instance): pb.Message {
  const { data: message } = messageSchema.safeParse(value)
  // Whoever knows the mailbox's thread can write into it.
  if (!message) throw new CallError(Status.Unknown, 'a message of the mailbox is malformed')
  const described = new pb.Message()
  described.setId(message._id)
  described.setFrom(message.from)
  described.setTo(message.to)
  described.setBody(message.body)
  described.setSignature(message.signature)
  described.setCreatedAt(message.created_at)
  described.setReadAt(message.read_at)
  return described
}
