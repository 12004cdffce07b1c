import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'
import { onTestFinished } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { verifySignature } from '../../src/keys/public-key.js'
import { LOGIN_PATH, parseAppMessage, toBufferJson } from '../../src/protocol.js'

/** What a scripted server has done with one connection, and how it goes on. */
export interface Visit {
  /** Which connection it is, from 1. */
  readonly number: number
  readonly socket: WebSocket
  /** Of the request that became the socket. */
  readonly headers: IncomingHttpHeaders
  /** What lies under the socket. */
  readonly stream: Duplex
  /** Sends any value as JSON. */
  send(message: unknown): void
  /** Waits for the app's next message. */
  next(): Promise<string>
}

/** How a scripted server treats a connection. Once it returns, the server stays silent. */
export type Script = (visit: Visit) => Promise<void> | void

/** A login server that does as told, wrong things among them. */
export interface ScriptedServer {
  readonly url: string
  /** How many connections there have been. */
  readonly visits: number
  /** How many are open now. */
  readonly open: number
  /** Everything that apps have sent, in order. */
  readonly received: string[]
  /** Waits until no connection is open. */
  idle(): Promise<void>
}

/** The times in a token message, in milliseconds from the server's clock on. */
export interface Times {
  /** How long the `UserAuth` lives. */
  readonly life?: number
  /** How far the server's clock is off the device's. */
  readonly offset?: number
  /** For how long the server renews; missing where it doesn't. */
  readonly renewable?: number
}

/** A token message. `undefined` leaves a field out. */
export function tokenMessage(times: Times = {}, userAuth: object = {}) {
  const { life = 300_000, offset = 0, renewable } = times
  const now = Date.now() + offset
  const msg = new Date(now + life).toISOString()
  return {
    type: 'token',
    value: { key: 'bkeykeykey', sig: 'bsigsigsig', msg, token: 'jwt.jwt.jwt', ...userAuth },
    now: new Date(now).toISOString(),
    ...(renewable !== undefined && {
      renewal: 'ren.ew.al',
      renewUntil: new Date(now + renewable).toISOString(),
    }),
  }
}

/** A challenge message, as a rule with as many bytes as a Hub's challenge has. */
export function challengeMessage(bytes: Uint8Array = randomBytes(32)) {
  return { type: 'challenge', value: toBufferJson(bytes) }
}

/** A whole login as it should be, the signature really verified. */
export function wholeLogin(times?: Times): Script {
  return async (visit) => {
    const request = parseAppMessage(await visit.next())
    const challenge = randomBytes(32)
    visit.send(challengeMessage(challenge))
    const reply = parseAppMessage(await visit.next())
    const isGood =
      request?.type === 'token' &&
      reply?.type === 'challenge' &&
      verifySignature(request.pubkey, challenge, reply.sig)
    visit.send(isGood ? tokenMessage(times) : errorMessage('bad_signature'))
  }
}

/** An error message. */
export function errorMessage(code: string, fields: object = {}) {
  return { type: 'error', code, value: `text of ${code}`, ...fields }
}

/** Answers the request with one message. */
export function answers(message: unknown): Script {
  return async (visit) => {
    await visit.next()
    visit.send(message)
  }
}

/** Answers the signature with one message. */
export function answersSignature(message: () => unknown): Script {
  return async (visit) => {
    await visit.next()
    visit.send(challengeMessage())
    await visit.next()
    visit.send(message())
  }
}

/**
 * Starts a scripted server on a free port; it ends with the test.
 *
 * @param scripts - one per connection, in order; the last one serves all that follow
 */
export async function startScriptedServer(...scripts: Script[]): Promise<ScriptedServer> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, path: LOGIN_PATH })
  const received: string[] = []
  let visits = 0
  let idle = Promise.resolve()
  server.on('connection', (socket, { socket: stream, headers }) => {
    const closed = once(socket, 'close')
    idle = Promise.all([idle, closed]).then(() => {})
    const visit = new ScriptedVisit(++visits, socket, stream, headers, received)
    const script = scripts[Math.min(visits, scripts.length) - 1]
    script?.(visit)
  })
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of server.clients) socket.terminate()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return {
    url: `ws://127.0.0.1:${port}${LOGIN_PATH}`,
    received,
    get visits() {
      return visits
    },
    get open() {
      return server.clients.size
    },
    idle: () => idle,
  }
}

/** Keeps what an app sends until the script asks for it. */
class ScriptedVisit implements Visit {
  readonly number: number
  readonly socket: WebSocket
  readonly stream: Duplex
  readonly headers: IncomingHttpHeaders
  readonly #inbox: string[] = []
  #take: ((text: string) => void) | undefined

  constructor(
    number: number,
    socket: WebSocket,
    stream: Duplex,
    headers: IncomingHttpHeaders,
    received: string[],
  ) {
    this.number = number
    this.socket = socket
    this.stream = stream
    this.headers = headers
    socket.on('message', (data) => {
      const text = String(data)
      received.push(text)
      if (this.#take) this.#take(text)
      else this.#inbox.push(text)
      this.#take = undefined
    })
  }

  send(message: unknown): void {
    this.socket.send(JSON.stringify(message))
  }

  async next(): Promise<string> {
    return (
      this.#inbox.shift() ??
      new Promise((resolve) => {
        this.#take = resolve
      })
    )
  }
}
