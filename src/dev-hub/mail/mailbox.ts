import { Status } from '../../grpc/status.js'
import { CallError } from '../call.js'
import type { Caller } from '../login/authorization.js'
import { type CollectionConfig, checkConfig } from '../threads/collection.js'
import type { Database } from '../threads/database.js'
import type { Databases } from '../threads/databases.js'
import { createThreadId } from '../threads/registry.js'

/** The name of a user's thread that is their mailbox. */
const MAILBOX = 'hubmail'

/** The collection of the messages that came. The SDK's `watchInbox` listens to it by this name. */
export const INBOX = 'inbox'

/** The collection of the messages that were sent. */
export const SENTBOX = 'sentbox'

const text = { type: 'string' }
const time = { type: 'integer' }
const sent = { _id: text, from: text, to: text, body: text, signature: text, created_at: time }

const COLLECTIONS = [configOf(INBOX, { ...sent, read_at: time }), configOf(SENTBOX, sent)]

/**
 * Finds a user's mailbox.
 *
 * @param owner - the user's public key
 * @throws CallError where they have set up none
 */
export function findMailbox(databases: Databases, owner: string): Database {
  const mailbox = lookUp(databases, owner)
  if (!mailbox) throw new CallError(Status.FailedPrecondition, 'mail not found')
  return mailbox
}

/** Finds a user's mailbox, or makes it. */
export async function setUpMailbox(databases: Databases, caller: Caller): Promise<Database> {
  const configs = await Promise.all(COLLECTIONS.map(checkConfig))
  const id = createThreadId()
  const names = { name: MAILBOX, databaseName: MAILBOX }
  return lookUp(databases, caller.owner) ?? databases.create({ id, ...names }, caller, configs)
}

function lookUp(databases: Databases, owner: string): Database | undefined {
  const thread = databases.registry.listOf(owner).find(({ name }) => name === MAILBOX)
  return thread && databases.open(thread)
}

function configOf(name: string, properties: Readonly<Record<string, object>>): CollectionConfig {
  const schema = {
    $schema: 'http://json-schema.org/draft-04/schema#',
    type: 'object',
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
  }
  const indexed = Object.keys(properties).filter((field) => /^(from|to|.*_at)$/.test(field))
  return {
    name,
    schema: JSON.stringify(schema),
    indexes: indexed.map((path) => ({ path, unique: false })),
    writeValidator: '',
    readFilter: '',
  }
}
