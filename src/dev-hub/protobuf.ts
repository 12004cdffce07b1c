import { Status } from '../grpc/status.js'
import { CallError, type HubCall } from './call.js'

/** A generated message class, as far as reading needs it. */
export interface MessageType<Message> {
  deserializeBinary(bytes: Uint8Array): Message
}

/**
 * Reads a request.
 *
 * @throws CallError where the bytes are not of that message
 */
export function decode<Message>(type: MessageType<Message>, bytes: Uint8Array): Message {
  try {
    return type.deserializeBinary(bytes)
  } catch {
    throw new CallError(Status.Internal, 'the request is not the protobuf message of this method')
  }
}

/**
 * Waits for a call's next request and reads it.
 *
 * @throws CallError `EOF` where the caller sends no more, as hubd words it
 */
export async function receive<Message>(
  call: HubCall,
  type: MessageType<Message>,
): Promise<Message> {
  const bytes = await call.receive()
  if (!bytes) throw new CallError(Status.Unknown, 'EOF')
  return decode(type, bytes)
}

/** A generated message, as far as writing needs it. */
export interface WritableMessage {
  serializeBinary(): Uint8Array
}

/** Sends a caller a message. */
export function reply(call: HubCall, message: WritableMessage): void {
  call.reply(message.serializeBinary())
}
