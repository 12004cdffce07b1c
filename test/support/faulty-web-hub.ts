import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { encodeFields, encodeFrame, FIELDS_FLAG } from '../../src/grpc/frames.js'
import {
  challengeReply,
  type FaultyCall,
  type FaultyHub,
  FrameInbox,
  type Script,
} from './faulty-hub.js'

/** A call by gRPC-web over WebSocket. */
export class FaultyWebCall implements FaultyCall {
  readonly #socket: WebSocket
  readonly #inbox = new FrameInbox()

  constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (data: Buffer) => this.#inbox.push(data))
  }

  receive(): Promise<Buffer> {
    return this.#inbox.receive()
  }

  async receiveKey(): Promise<void> {
    await this.receive()
    await this.receive()
  }

  sendHeaders(): void {
    this.#sendFields([['content-type', 'application/grpc-web+proto']])
  }

  send(...parts: Uint8Array[]): void {
    for (const part of parts) this.#socket.send(part)
  }

  challenge(challenge: Uint8Array = randomBytes(32)): void {
    this.sendHeaders()
    this.send(challengeReply(challenge))
  }

  end(code: number | string, message = ''): void {
    this.#sendFields([
      ['grpc-status', String(code)],
      ['grpc-message', message],
    ])
    this.close()
  }

  close(): void {
    this.#socket.close(1000)
  }

  drop(): void {
    this.#socket.terminate()
  }

  #sendFields(fields: [string, string][]): void {
    this.send(encodeFrame(FIELDS_FLAG, encodeFields(fields)))
  }
}

/** Starts a faulty Hub that speaks gRPC-web over WebSocket; it ends with the test. */
export async function startFaultyWebHub(script: Script): Promise<FaultyHub> {
  return startFaultySocketHub((socket) => void script(new FaultyWebCall(socket)))
}

/** As {@link startFaultyWebHub}, but told what to do with a call's WebSocket itself. */
export async function startFaultySocketHub(
  onSocket: (socket: WebSocket) => void,
): Promise<FaultyHub> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  const calls = new Set<WebSocket>()
  server.on('connection', (socket) => {
    socket.on('error', () => {})
    // Callers connect ahead of need: a call begins with its headers.
    socket.once('message', () => calls.add(socket))
    socket.on('close', () => calls.delete(socket))
    onSocket(socket)
  })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const hub = {
    url: `http://127.0.0.1:${port}`,
    get openCalls() {
      return calls.size
    },
    async close() {
      for (const socket of server.clients) socket.terminate()
      const closed = once(server, 'close')
      server.close()
      await closed
    },
  }
  onTestFinished(() => hub.close())
  return hub
}
