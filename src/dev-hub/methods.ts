import buckets from '@textile/buckets-grpc/api/bucketsd/pb/bucketsd_pb_service.js'
import threads from '@textile/threads-client-grpc/threads_pb_service.js'
import users from '@textile/users-grpc/api/usersd/pb/usersd_pb_service.js'
import { Status } from '../grpc/status.js'
import { CallError, type Method } from './call.js'
import type { Domain } from './domain.js'
import type { Authorization } from './login/authorization.js'

/**
 * Puts the domains' methods together by their path, `/<service>/<method>`, and for each that the
 * SDK could call besides, one that says that this Hub lacks it.
 */
export function collectMethods(
  domains: readonly Domain[],
  authorization: Authorization,
): ReadonlyMap<string, Method> {
  return new Map<string, Method>([
    ...pathsOfSdk().map((path): [string, Method] => [
      path,
      createUnimplemented(path, authorization),
    ]),
    ...domains.flatMap(({ methods }) => [...methods]),
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

/** As at hubd, a method that needs a token asks for it before it says that it is missing. */
function createUnimplemented(path: string, authorization: Authorization): Method {
  return async (call) => {
    authorization.callerOf(call)
    throw new CallError(Status.Unimplemented, `${path} is not implemented by the development Hub`)
  }
}
