import { Status } from '../../grpc/status.js'
import { CallError } from '../call.js'

/** Letters and digits, with single hyphens inside. */
const NAME = /^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$/

/**
 * Throws unless a text may name a thread or a collection.
 *
 * @throws CallError with hubd's text
 */
export function checkName(name: string): void {
  if (NAME.test(name)) return
  throw new CallError(
    Status.Unknown,
    'name may only contain alphanumeric characters or non-consecutive hyphens, and cannot begin or end with a hyphen',
  )
}

/** What hubd says of a database that isn't there, too, where only its owner may use it. */
export function notOwned(): CallError {
  return new CallError(Status.PermissionDenied, 'User does not own thread')
}

/** What hubd says where a database was made with another API key. */
export function badApiKey(): CallError {
  return new CallError(Status.PermissionDenied, 'Bad API key')
}

/** What hubd says of a database that isn't there, where anybody may use one. */
export function threadNotFound(): CallError {
  return new CallError(Status.NotFound, 'thread not found')
}

/** @param code - `Unknown` in the methods that change or delete it, else `NotFound` */
export function collectionNotFound(code: number): CallError {
  return new CallError(code, 'collection not found')
}

export function instanceNotFound(): CallError {
  return new CallError(Status.Unknown, 'instance not found')
}

export function instanceExists(): CallError {
  return new CallError(Status.Unknown, "can't create already existing instance")
}
