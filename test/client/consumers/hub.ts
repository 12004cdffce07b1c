/** Compiled as an app of the SDK is, with every class of sockets there is in Node.js. */
import { Buckets, Client, PrivateKey, type UserAuth } from '@textile/hub'
import IsomorphicWebSocket from 'isomorphic-ws'
import { loginWithChallenge } from 'textile-userauth/client'
import { WebSocket } from 'ws'

const url = 'wss://login.example/ws/userauth'
const host = 'https://hub.example'
const { signal } = new AbortController()

export const logIn = loginWithChallenge(PrivateKey.fromRandom(), { url, signal, WebSocket })
export const client = Client.withUserAuth(logIn, host)
export const buckets = Buckets.withUserAuth(logIn, { host })
export const userAuth: () => Promise<UserAuth> = logIn

loginWithChallenge(PrivateKey.fromRandom(), { url, WebSocket: IsomorphicWebSocket })
