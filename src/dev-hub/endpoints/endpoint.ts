import { once } from 'node:events'
import type { Server } from 'node:net'
import { type CallStatus, Status } from '../../grpc/status.js'
import { CallError, type EndedCall, type HubCall, type Method } from '../call.js'

/** How much of a path is told of a call that has ended, in characters: callers choose paths. */
const MAX_PATH_LENGTH = 100

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
  /** Is told of each call that has ended. It must be quick, and must not throw. */
  readonly callEnded?: ((call: EndedCall) => void) | undefined
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
 * Runs a method to its end, and tells of it. Never rejects: what is no CallError is logged, and
 * `Internal` to the caller.
 *
 * @param path - the method's
 */
export async function runMethod(
  method: Method,
  call: HubCall,
  path: string,
  { logError, callEnded }: Pick<EndpointOptions, 'logError' | 'callEnded'>,
): Promise<CallStatus> {
  const startedAt = performance.now()
  const status = await findStatus(method, call, path, logError)
  const ms = performance.now() - startedAt
  callEnded?.({ path: path.slice(0, MAX_PATH_LENGTH), code: status.code, ms })
  return status
}

async function findStatus(
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
