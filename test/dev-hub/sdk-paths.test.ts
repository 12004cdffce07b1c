import buckets from '@textile/buckets-grpc/api/bucketsd/pb/bucketsd_pb_service.js'
import threads from '@textile/threads-client-grpc/threads_pb_service.js'
import users from '@textile/users-grpc/api/usersd/pb/usersd_pb_service.js'
import { expect, it } from 'vitest'
import { SDK_PATHS } from '../../src/dev-hub/sdk-paths.js'

it('the Hub knows every method that the SDK can call', () => {
  const services = [threads.API, users.APIService, buckets.APIService]
  const paths = services.flatMap((service) =>
    Object.values(service).flatMap((descriptor: unknown) => {
      const isMethod = typeof descriptor === 'object' && descriptor && 'methodName' in descriptor
      return isMethod ? [`/${service.serviceName}/${descriptor.methodName}`] : []
    }),
  )
  expect(SDK_PATHS).toEqual(paths)
})
