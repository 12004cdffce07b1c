import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import threads from '@textile/threads-client-grpc/threads_pb.js'
import { type WebSocket, WebSocketServer } from 'ws'
import { encodeFields } from '../../src/grpc/fields.js'
import { encodeFrame, FIELDS_FLAG, MESSAGE_FLAG } from '../../src/grpc/frames.js'
import { writeStatus } from '../../src/grpc/status.js'

/** One call that reached the faulty Hub, with what it can be told. */
export class FaultyCall {
  readonly socket: WebSocket
  readonly #frames: Buffer[] = []
  #wake: () => void = () => {}

  constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (data: Buffer) => {
      this.#frames.push(data)
      this.#wake()
    })
  }

  /** The caller's next frame; pends for ever where none comes. */
  async receive(): Promise<Buffer> {
    for (;;) {
      const frame = this.#frames.shift()
      if (frame) return frame
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** Waits for the headers and the request with the public key. */
  async receiveKey(): Promise<void> {
    await this.receive()
    await this.receive()
  }

  send(...parts: Uint8Array[]): void {
    for (const part of parts) this.socket.send(part)
  }

  /** Sends response headers and a challenge. */
  challenge(challenge: Uint8Array = randomBytes(32)): void {
    this.send(headers(), challengeReply(challenge))
  }

  /** Sends the status and closes, as a Hub does. */
  end(code: number, message = ''): void {
    this.send(trailers(code, message))
    this.socket.close(1000)
  }
}

/** What a faulty Hub does with a call. */
export type Script = (call: FaultyCall) => Promise<void>

/** A Hub that speaks gRPC-web over WebSocket, and does whatever a script tells it. */
export interface FaultyHub {
  readonly url: string
  /** How many calls are connected now. */
  readonly openCalls: number
  close(): Promise<void>
}

/** Starts a faulty Hub on a free port. */
export async function startFaultyHub(script: Script): Promise<FaultyHub> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  server.on('connection', (socket) => {
    socket.on('error', () => {})
    void script(new FaultyCall(socket))
  })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    get openCalls() {
      return server.clients.size
    },
    async close() {
      for (const socket of server.clients) socket.terminate()
      const closed = once(server, 'close')
      server.close()
      await closed
    },
  }
}

export function headers(): Uint8Array {
  return encodeFrame(FIELDS_FLAG, encodeFields([['content-type', 'application/grpc-web+proto']]))
}

export function trailers(code: number, message = ''): Uint8Array {
  return encodeFrame(FIELDS_FLAG, encodeFields(writeStatus({ code, message })))
}

export function challengeReply(challenge: Uint8Array): Uint8Array {
  const reply = new threads.GetTokenReply()
  reply.setChallenge(challenge)
  return encodeFrame(MESSAGE_FLAG, reply.serializeBinary())
}

export function tokenReply(token: string): Uint8Array {
  const reply = new threads.GetTokenReply()
  reply.setToken(token)
  return encodeFrame(MESSAGE_FLAG, reply.serializeBinary())
}
