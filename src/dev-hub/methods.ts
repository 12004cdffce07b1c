import buckets from '@textile/buckets-grpc/api/bucketsd/pb/bucketsd_pb_service.js'
import threads from '@textile/threads-client-grpc/threads_pb_service.js'
import users from '@textile/users-grpc/api/usersd/pb/usersd_pb_service.js'
import { Status } from '../grpc/status.js'
import type { Authorization } from './authorization.js'
import { CallError, type Method } from './call.js'
import { createGetToken } from './get-token.js'
import { createThreadMethods } from './thread-methods.js'
import type { ThreadStore } from './thread-store.js'
import type { TokenIssuer } from './token-issuer.js'

/** What the methods work on. */
export interface HubState {
  readonly authorization: Authorization
  readonly issuer: TokenIssuer
  readonly threads: ThreadStore
  /** How long `GetToken` waits for the signature, in seconds. */
  readonly signatureTimeout: number
}

/**
 * Makes the methods by their path, `/<service>/<method>`: those that this Hub has, and for each
 * that the SDK could call besides, one that says that this Hub lacks it.
 */
export function createMethods(hub: HubState): ReadonlyMap<string, Method> {
  const { newDB, deleteDB, listDBs, listThreads, getThread } = createThreadMethods(
    hub.authorization,
    hub.threads,
  )
  return new Map<string, Method>([
    ...pathsOfSdk().map((path): [string, Method] => [path, createUnimplemented(path)]),
    [
      '/threads.pb.API/GetToken',
      createGetToken(hub.authorization, hub.issuer, hub.signatureTimeout),
    ],
    ['/threads.pb.API/NewDB', newDB],
    ['/threads.pb.API/DeleteDB', deleteDB],
    ['/threads.pb.API/ListDBs', listDBs],
    ['/api.usersd.pb.APIService/ListThreads', listThreads],
    ['/api.usersd.pb.APIService/GetThread', getThread],
  ])
}

/** The paths of all methods in the SDK's service descriptors for threads, users and buckets. */
function pathsOfSdk(): string[] {
  const services = [threads.API, users.APIService, buckets.APIService]
  return services.flatMap((service) =>
    Object.values(service).flatMap((descriptor: unknown) => {
      const isMethod = typeof descriptor === 'object' && descriptor && 'methodName' in descriptor
      return isMethod ? [`/${service.serviceName}/${descriptor.methodName}`] : []
    }),
  )
}

function createUnimplemented(path: string): Method {
  return async () => {
    throw new CallError(Status.Unimplemented, `${path} is not implemented by the development Hub`)
  }
}
