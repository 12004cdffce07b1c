import { once } from 'node:events'
import { type ClientOptions, WebSocket } from 'ws'
import { withDeadline } from '../../src/deadline.js'
import { randomIdentity } from './identity.js'

/** How long a test waits for what must come, in seconds. */
const PATIENCE = 10

/** A message of the server, as parsed JSON. */
export type Message = Record<string, unknown>

/** An app's end of the WebSocket, driven step by step. */
export class TestApp {
  readonly socket: WebSocket
  readonly #messages: Message[] = []
  readonly #closed: Promise<number>
  #wake: () => void = () => {}

  private constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (data: Buffer) => {
      this.#messages.push(JSON.parse(data.toString()))
      this.#wake()
    })
    this.#closed = new Promise((resolve) => {
      socket.on('close', (code) => {
        resolve(code)
        this.#wake()
      })
    })
    socket.on('error', () => {})
  }

  static async connect(url: string, options: ClientOptions = {}): Promise<TestApp> {
    const app = new TestApp(new WebSocket(url, options))
    await withDeadline(PATIENCE, once(app.socket, 'open'), () => new Error('no connection'))
    return app
  }

  send(message: unknown): void {
    this.socket.send(JSON.stringify(message))
  }

  /** The server's next message. */
  async next(): Promise<Message> {
    const arrival = async (): Promise<Message> => {
      for (;;) {
        const message = this.#messages.shift()
        if (message) return message
        if (this.socket.readyState === WebSocket.CLOSED) throw new Error('closed, no message')
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    }
    return withDeadline(PATIENCE, arrival(), () => new Error('no message came'))
  }

  /** Asks for a login and returns the challenge's bytes. */
  async requestChallenge(pubkey: string): Promise<Uint8Array> {
    this.send({ type: 'token', pubkey })
    return challengeOf(await this.next())
  }

  /** Sends a signature the way the tutorial's apps do. */
  sendSignature(signature: Uint8Array): void {
    this.send({ type: 'challenge', sig: Buffer.from(signature).toJSON() })
  }

  /** Does a whole login and returns the server's last message. */
  async login(identity = randomIdentity()): Promise<Message> {
    const challenge = await this.requestChallenge(identity.pubkey)
    this.sendSignature(identity.sign(challenge))
    return this.next()
  }

  /** Waits for the socket to be closed, and returns the close code. */
  closed(): Promise<number> {
    return withDeadline(PATIENCE, this.#closed, () => new Error('not closed'))
  }

  leave(): void {
    this.socket.terminate()
  }
}

/** The bytes of a challenge message. */
export function challengeOf(message: Message): Uint8Array {
  const { type, value } = message
  const isChallenge = type === 'challenge' && typeof value === 'object' && value !== null
  const data = isChallenge && 'data' in value ? value.data : undefined
  if (!Array.isArray(data)) throw new Error(`no challenge: ${JSON.stringify(message)}`)
  return Uint8Array.from(data)
}
