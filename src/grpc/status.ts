/** The status codes of gRPC that a Hub uses, by the names of the gRPC specification. */
export const Status = {
  Ok: 0,
  Cancelled: 1,
  Unknown: 2,
  InvalidArgument: 3,
  DeadlineExceeded: 4,
  NotFound: 5,
  PermissionDenied: 7,
  ResourceExhausted: 8,
  FailedPrecondition: 9,
  Unimplemented: 12,
  Internal: 13,
  Unavailable: 14,
  Unauthenticated: 16,
} as const

/** The code and the text with which a call ended: `grpc-status` and `grpc-message`. */
export interface CallStatus {
  /** 0 to 16, where 0 is success. */
  readonly code: number
  /** The peer's text, decoded. Never shown to an app. */
  readonly message: string
}

/**
 * Reads a call's status from its headers or trailers.
 *
 * @param fields - names in lower case
 * @returns the status, or `undefined` where `grpc-status` is missing or no number: a failed call,
 *   however quietly it ended
 */
export function readStatus(fields: ReadonlyMap<string, string>): CallStatus | undefined {
  const code = fields.get('grpc-status')
  if (code === undefined || !/^\d{1,3}$/.test(code)) return undefined
  return { code: Number(code), message: decodeMessage(fields.get('grpc-message') ?? '') }
}

/**
 * Writes a status as headers or trailers have it: `grpc-message` is percent-encoded UTF-8, where
 * printable ASCII but for the percent sign stands for itself.
 */
export function writeStatus({ code, message }: CallStatus): [string, string][] {
  const encoded = message.replace(/[^ -$&-~]+/g, encodeURIComponent)
  return [
    ['grpc-status', String(code)],
    ['grpc-message', encoded],
  ]
}

/** `grpc-message` is percent-encoded UTF-8; text that is not goes through as it is. */
function decodeMessage(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
