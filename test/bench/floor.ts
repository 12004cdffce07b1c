/**
 * The least that a login can cost: a bare WebSocket server that answers by itself, without Koa,
 * Hub or signature, with messages of the same size.
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { WebSocketServer } from 'ws'
import { LOGIN_PATH } from '../../src/protocol.js'

const userAuth = {
  key: `b${'a'.repeat(26)}`,
  sig: `b${'a'.repeat(52)}`,
  msg: new Date().toISOString(),
  token: 'a'.repeat(333),
}

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
server.on('connection', (socket) => {
  socket.on('message', (data) => {
    const { type } = JSON.parse(String(data))
    const reply =
      type === 'token'
        ? { type: 'challenge', value: randomBytes(32).toJSON() }
        : { type: 'token', value: userAuth, now: new Date().toISOString() }
    socket.send(JSON.stringify(reply))
  })
})
await once(server, 'listening')
const address = server.address()
const port = typeof address === 'object' ? address?.port : undefined
process.stdout.write(`users log in at ws://127.0.0.1:${port}${LOGIN_PATH}\n`)
