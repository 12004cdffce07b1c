import type { HubCall, Method } from '../call.js'
import type { MessageType } from '../protobuf.js'

/** Credentials of a call that is made inside of the Hub. */
export interface LocalCredentials {
  readonly metadata: ReadonlyMap<string, string>
}

/** A message to send: a generated one. */
interface Request {
  serializeBinary(): Uint8Array
}

/**
 * Calls a method of this Hub as an app would, without a network.
 *
 * @param requests - what is sent, in order
 * @returns what is replied, in order
 * @throws CallError where the method refuses
 */
export async function callLocally<Reply>(
  method: Method,
  { metadata }: LocalCredentials,
  replyType: MessageType<Reply>,
  requests: Iterable<Request> | AsyncIterable<Request>,
): Promise<Reply[]> {
  const replies: Reply[] = []
  const sent = iterate(requests)
  let end = () => {}
  const call: HubCall = {
    metadata,
    receive: async () => {
      const next = await sent.next()
      return next.done ? undefined : next.value.serializeBinary()
    },
    reply: (message) => {
      replies.push(replyType.deserializeBinary(message))
    },
    drained: async () => {},
    closed: new Promise((resolve) => {
      end = resolve
    }),
  }
  try {
    await method(call)
    return replies
  } finally {
    end()
  }
}

async function* iterate(requests: Iterable<Request> | AsyncIterable<Request>) {
  yield* requests
}
