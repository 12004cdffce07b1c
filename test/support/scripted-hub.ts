import { once } from 'node:events'
import { ThreadID } from '@textile/hub'
import messages from '@textile/users-grpc/api/usersd/pb/usersd_pb.js'
import { onTestFinished } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { encodeFields } from '../../src/grpc/fields.js'
import { encodeFrame, FIELDS_FLAG, MESSAGE_FLAG } from '../../src/grpc/frames.js'

const { GetThreadResponse, ListThreadsResponse } = messages

/** How a scripted Hub answers a call, once it has the call's headers. */
export type HubScript = (socket: WebSocket) => void

/** Lists threads of these names. */
export function listsThreads(...names: string[]): HubScript {
  const reply = new ListThreadsResponse()
  for (const name of names) {
    const thread = new GetThreadResponse()
    thread.setName(name)
    thread.setId(ThreadID.fromRandom().toBytes())
    reply.addList(thread)
  }
  return (socket) => {
    socket.send(fields(['content-type', 'application/grpc-web+proto']))
    socket.send(encodeFrame(MESSAGE_FLAG, reply.serializeBinary()))
    socket.send(fields(['grpc-status', '0']))
    socket.close()
  }
}

/** Refuses the call. */
export function refuses(code: number, message: string): HubScript {
  return (socket) => {
    socket.send(fields(['grpc-status', String(code)], ['grpc-message', message]))
    socket.close()
  }
}

/** Starts a Hub that does as told, on a free port; it ends with the test. */
export async function startScriptedHub(script: HubScript) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  const calls: { readonly path: string | undefined; readonly headers: string }[] = []
  server.on('connection', (socket, { url }) => {
    socket.once('message', (data) => {
      calls.push({ path: url, headers: String(data) })
      script(socket)
    })
  })
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of server.clients) socket.terminate()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return { url: `http://127.0.0.1:${port}`, calls }
}

function fields(...pairs: [string, string][]): Uint8Array {
  return encodeFrame(FIELDS_FLAG, encodeFields(pairs))
}
