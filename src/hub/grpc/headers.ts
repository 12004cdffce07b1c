import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2'
import { type CallStatus, readStatus } from '../../grpc/status.js'
import type { Metadata } from '../transport.js'

/**
 * What the SDK hands over as headers of a call, but HTTP/2 forbids or says by other means, or is
 * gRPC-web's alone.
 */
const FOREIGN_HEADERS = new Set([
  'connection',
  'content-length',
  'content-type',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  'x-grpc-web',
])

/** Writes a call's headers the way gRPC over HTTP/2 has them. */
export function encodeHeaders(path: string, metadata: Metadata): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc+proto',
    te: 'trailers',
  }
  metadata.forEach((name, values) => {
    const lowerCase = name.toLowerCase()
    if (!FOREIGN_HEADERS.has(lowerCase)) headers[lowerCase] = values.join(', ')
  })
  return headers
}

/** The status in headers or trailers, if one is there. */
export function statusOf(headers: IncomingHttpHeaders): CallStatus | undefined {
  const { 'grpc-status': code, 'grpc-message': message } = headers
  if (typeof code !== 'string') return undefined
  const fields = new Map([['grpc-status', code]])
  if (typeof message === 'string') fields.set('grpc-message', message)
  return readStatus(fields)
}
