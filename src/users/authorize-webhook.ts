import { Agent, request } from 'undici'
import { type Authorize, type Decision, readDecision } from './authorize.js'

/** The most that an answer may have, in bytes. */
const MAX_ANSWER_BYTES = 4096

/** How many connections there may be at a time; what comes on top waits for one. */
const MAX_CONNECTIONS = 64

/** A webhook that decides who may log in. */
export interface AuthorizeWebhook {
  readonly authorize: Authorize
  /** Frees its connections at once. */
  close(): Promise<void>
}

/**
 * Has decisions made by whoever answers at an address, as PROTOCOL.md says: the user is posted
 * as JSON, and only a 200 that is a decision counts. Redirects are not followed.
 *
 * @param url - `http:` or `https:`
 */
export function openAuthorizeWebhook(url: string): AuthorizeWebhook {
  const dispatcher = new Agent({
    connections: MAX_CONNECTIONS,
    maxResponseSize: MAX_ANSWER_BYTES,
  })
  return {
    async authorize({ pubkey, address, origin = null, renewal }, signal): Promise<Decision> {
      const { statusCode, body } = await request(url, {
        dispatcher,
        signal,
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify({ pubkey, address, origin, renewal }),
      })
      // Read in any case: a body that nobody reads would keep its connection.
      const text = await body.text()
      if (statusCode !== 200) throw new WebhookError(`it answered with status ${statusCode}`)
      const decision = readDecision(parse(text))
      if (!decision) throw new WebhookError('its answer is no decision')
      return decision
    },
    close: () => dispatcher.destroy(),
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new WebhookError('its answer is no JSON')
  }
}

/** The webhook's answer was none. Says why in our words, without the answer's. */
class WebhookError extends Error {
  override readonly name = 'WebhookError'
}
