/**
 * What the published tutorial describes, written afresh: a handler on koa-websocket with the SDK's
 * own transport, which trusts the app to answer and the Hub to wait. With one difference, so that
 * it survives being measured: what is rejected is caught.
 */
import { once } from 'node:events'
import { Client, createUserAuth } from '@textile/hub'
import Emittery from 'emittery'
import Koa, { type DefaultState } from 'koa'
import Router from 'koa-router'
import websockify, { type SocketContext } from 'koa-websocket'
import { LOGIN_PATH } from '../../src/protocol.js'

const { HUB_URL = '', USER_API_KEY: key = '', USER_API_SECRET: secret = '' } = process.env

/** How long the API signature of a `UserAuth` is good, in ms. */
const USER_AUTH_TTL_MS = 300_000

const app = websockify(new Koa())
const router = new Router<DefaultState, SocketContext>()
router.get(LOGIN_PATH, ({ websocket }) => {
  const emitter = new Emittery<{ challenge: string }>()
  websocket.on('message', async (data) => {
    try {
      const message = JSON.parse(String(data))
      if (message.type === 'challenge') {
        await emitter.emit('challenge', message.sig)
        return
      }
      const client = await Client.withKeyInfo({ key, secret }, HUB_URL)
      const token = await client.getTokenChallenge(message.pubkey, async (challenge) => {
        const value = Buffer.from(challenge).toJSON()
        const answer = emitter.once('challenge')
        websocket.send(JSON.stringify({ type: 'challenge', value }))
        return Buffer.from(await answer)
      })
      const expires = new Date(Date.now() + USER_AUTH_TTL_MS)
      const userAuth = await createUserAuth(key, secret, expires, token)
      websocket.send(JSON.stringify({ type: 'token', value: userAuth }))
    } catch (error) {
      websocket.send(JSON.stringify({ type: 'error', value: String(error) }))
    }
  })
})
app.ws.use(router.routes())

const server = app.listen({ port: 0, host: '127.0.0.1' })
await once(server, 'listening')
const address = server.address()
const port = typeof address === 'object' ? address?.port : undefined
process.stdout.write(`users log in at ws://127.0.0.1:${port}${LOGIN_PATH}\n`)
