import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { RENEWAL_PATH } from '../../src/protocol.js'
import { listen } from './ports.js'

/** How a server answers one request for a renewal. */
export type RenewalScript = (response: ServerResponse, request: IncomingMessage) => void

/** A server of renewals that does as told. */
export interface RenewalServer {
  readonly url: string
  /** The bodies of all requests, in order. */
  readonly bodies: string[]
  /** The headers of all requests, in order. */
  readonly headers: IncomingMessage['headers'][]
}

/** Answers with JSON. */
export function answersJson(status: number, body: () => unknown): RenewalScript {
  return (response) => {
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body()))
  }
}

/** Answers with what a proxy shows to people. */
export function answersHtml(status: number): RenewalScript {
  return (response) => {
    response.writeHead(status, { 'Content-Type': 'text/html' }).end('<!doctype html>')
  }
}

/** Renews, for as long as it says, in milliseconds. */
export function renews(life = 100_000, value: object = {}): RenewalScript {
  return answersJson(200, () => {
    const now = Date.now()
    const msg = new Date(now + life).toISOString()
    return {
      value: { key: 'bnewkey', sig: `bnew${now}`, msg, ...value },
      now: new Date(now).toISOString(),
    }
  })
}

/**
 * Starts such a server on a free port; it ends with the test.
 *
 * @param scripts - one per request, in order; the last one serves all that follow
 */
export async function startRenewalServer(...scripts: RenewalScript[]): Promise<RenewalServer> {
  const bodies: string[] = []
  const headers: IncomingMessage['headers'][] = []
  const server = createServer(async (request, response) => {
    headers.push(request.headers)
    bodies.push(await text(request))
    const script = scripts[Math.min(bodies.length, scripts.length) - 1]
    script?.(response, request)
  })
  const port = await listen(server)
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${port}${RENEWAL_PATH}`, bodies, headers }
}
