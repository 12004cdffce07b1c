import { type IncomingMessage, request } from 'node:http'
import { RENEWAL_PATH } from '../../src/protocol.js'
import type { Message } from './test-app.js'

/** What an endpoint answered, its body as parsed JSON where it has one. */
export interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: Record<string, unknown>
}

/** How a test sends something else than a renewal. */
interface Sending {
  readonly method?: string
  /** The body in place of a renewal's JSON. */
  readonly text?: string | Buffer
  /** Headers, `Origin` and `Host` among them; JSON is the type where they have none. */
  readonly headers?: Record<string, string>
}

/**
 * Asks for a renewal.
 *
 * @param url - the WebSocket endpoint of the server
 */
export async function renewAt(
  url: string,
  renewal: unknown,
  sending: Sending = {},
): Promise<Answer> {
  const { method = 'POST', text = JSON.stringify({ renewal }), headers = {} } = sending
  const asked = request(new URL(RENEWAL_PATH, url.replace(/^ws/, 'http')), {
    method,
    agent: false,
    headers: { 'content-type': 'application/json', ...headers },
  })
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    asked.on('response', resolve).on('error', reject).end(text)
  })
  let read = ''
  for await (const chunk of response) read += chunk
  const body = read === '' ? {} : JSON.parse(read)
  return { status: response.statusCode, headers: response.headers, body }
}

/** The renewal in a token message. */
export function renewalOf({ renewal, ...rest }: Message): string {
  if (typeof renewal !== 'string') throw new Error(`no renewal: ${JSON.stringify(rest)}`)
  return renewal
}

/** What a renewal says, unverified. */
export function claimsOf(renewal: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(renewal.split('.')[1] ?? '', 'base64url').toString())
}
