import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Client, createUserAuth } from '@textile/hub'
import Emittery from 'emittery'
import Koa, { type DefaultState } from 'koa'
import Router from 'koa-router'
import websockify, { type SocketContext } from 'koa-websocket'
import { LOGIN_PATH } from '../../src/protocol.js'

/** Where the Hub is, and the server's key there, as the SDK takes it. */
export interface TutorialOptions {
  readonly hubUrl: string
  readonly key: string
  readonly secret: string
}

/**
 * The handler that the tutorial describes, written afresh with the faults that it has: what our
 * server is compared with. It trusts the app to answer and the Hub to wait.
 */
export async function startTutorialServer({ hubUrl, key, secret }: TutorialOptions) {
  const app = websockify(new Koa())
  const router = new Router<DefaultState, SocketContext>()
  router.get(LOGIN_PATH, ({ websocket }) => {
    const emitter = new Emittery<{ challenge: string }>()
    websocket.on('message', async (data) => {
      const message = JSON.parse(data.toString())
      if (message.type === 'challenge') {
        await emitter.emit('challenge', message.sig)
        return
      }
      try {
        const client = await Client.withKeyInfo({ key, secret }, hubUrl)
        const token = await client.getTokenChallenge(
          message.pubkey,
          (challenge) =>
            new Promise((resolve, reject) => {
              const value = Buffer.from(challenge).toJSON()
              websocket.send(JSON.stringify({ type: 'challenge', value }))
              emitter.on('challenge', (sig) => resolve(Buffer.from(sig)))
              setTimeout(() => reject(new Error('no answer')), 1_500)
            }),
        )
        const userAuth = await createUserAuth(key, secret)
        websocket.send(JSON.stringify({ type: 'token', value: { ...userAuth, token } }))
      } catch (error) {
        websocket.send(JSON.stringify({ type: 'error', value: String(error) }))
      }
    })
  })
  app.ws.use(router.routes())
  const server = app.listen({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `ws://127.0.0.1:${port}${LOGIN_PATH}`,
    runningLogins: 0,
    get openSockets() {
      return app.ws.server?.clients.size ?? 0
    },
    async close() {
      for (const socket of app.ws.server?.clients ?? []) socket.terminate()
      server.close()
    },
  }
}
