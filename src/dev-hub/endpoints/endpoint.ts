import { once } from 'node:events'
import type { Server } from 'node:net'
import { type CallStatus, Status } from '../../grpc/status.js'
import { CallError, type HubCall, type Method } from '../call.js'

/** A server through which calls reach the Hub. */
export interface Endpoint {
  /** The port that it listens on, at 127.0.0.1. */
  readonly port: number
  /** How many calls run now. */
  readonly openCalls: number
  /** Cuts every call off without a word, as hubd does when it is stopped. */
  close(): Promise<void>
}

/** What an endpoint serves. */
export interface EndpointOptions {
  /** TCP port; 0 takes a free one. */
  readonly port: number
  /** What can be called, by path. */
  readonly methods: ReadonlyMap<string, Method>
  /** Takes note of an error that is no CallError: a fault of this Hub, with its stack. */
  readonly logError: (error: unknown, path: string) => void
}

/**
 * Has a server listen at 127.0.0.1.
 *
 * @returns the port
 * @throws the system's error where the port can't be listened on
 */
export async function listenLocally(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return address !== null && typeof address === 'object' ? address.port : port
}

/**
 * Runs a method to its end. Never rejects: what is no CallError is logged, and `Internal` to the
 * caller.
 *
 * @param path - the method's, for the log
 */
export async function runMethod(
  method: Method,
  call: HubCall,
  path: string,
  logError: EndpointOptions['logError'],
): Promise<CallStatus> {
  try {
    await method(call)
    return { code: Status.Ok, message: '' }
  } catch (error) {
    if (error instanceof CallError) return error.status
    logError(error, path)
    return { code: Status.Internal, message: 'an error inside the development Hub: see its log' }
  }
}
