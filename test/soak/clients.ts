import { once } from 'node:events'
import { WebSocket } from 'ws'
import { type Identity, randomIdentity } from '../support/identity.js'
import { challengeOf } from '../support/test-app.js'

/** Loopback addresses to come from: one has too few ports for so many connections a minute. */
const ADDRESSES = 100

/** Identities to log in with; to make one costs more than to sign with it. */
const identities = Array.from({ length: 200 }, randomIdentity)

let connections = 0

/** Opens a socket, from another address each time. */
export async function open(url: string, network = '127.0.0'): Promise<WebSocket> {
  connections += 1
  const localAddress = `${network}.${(connections % ADDRESSES) + 2}`
  const socket = new WebSocket(url, { localAddress, perMessageDeflate: false })
  socket.on('error', () => {})
  await once(socket, 'open')
  return socket
}

async function receive(socket: WebSocket): Promise<Record<string, unknown>> {
  const [data] = await Promise.race([once(socket, 'message'), once(socket, 'close').then(closed)])
  return JSON.parse(String(data))
}

function closed(): never {
  throw new Error('the server closed the socket')
}

function request(socket: WebSocket, { pubkey }: Identity): void {
  socket.send(JSON.stringify({ type: 'token', pubkey }))
}

function answer(socket: WebSocket, signature: Uint8Array): void {
  socket.send(JSON.stringify({ type: 'challenge', sig: Buffer.from(signature).toJSON() }))
}

/** Starts a login, and returns its socket once the challenge is there. */
export async function requestChallenge(url: string): Promise<WebSocket> {
  const socket = await open(url)
  request(socket, randomIdentity())
  await receive(socket)
  return socket
}

/**
 * Does a whole login.
 *
 * @returns how long it took, from connecting to the token, in ms
 * @throws where it ends in anything but a token
 */
export async function logIn(url: string, network?: string): Promise<number> {
  const start = performance.now()
  const identity = identities[connections % identities.length] ?? randomIdentity()
  const socket = await open(url, network)
  try {
    request(socket, identity)
    answer(socket, identity.sign(challengeOf(await receive(socket))))
    const { type, code } = await receive(socket)
    if (type !== 'token') throw new Error(`no token: ${code}`)
    return performance.now() - start
  } finally {
    socket.close()
  }
}

/** What hostile apps do; none of it may hurt others. */
const HOSTILITIES: ((socket: WebSocket) => Promise<void> | void)[] = [
  (socket) => socket.terminate(),
  (socket) => socket.send('junk'),
  (socket) => socket.send('x'.repeat(10_000)),
  (socket) => answer(socket, new Uint8Array(64)),
  (socket) => {
    for (let piece = 0; piece < 200; piece += 1) socket.send('x', { fin: false })
  },
  async (socket) => {
    request(socket, randomIdentity())
    await receive(socket)
  },
  async (socket) => {
    request(socket, randomIdentity())
    await receive(socket)
    answer(socket, new Uint8Array(64))
    await receive(socket)
  },
  async (socket) => {
    request(socket, randomIdentity())
    request(socket, randomIdentity())
    await receive(socket)
  },
]

/** Does one of the hostile things, from addresses that nobody honest has, and leaves. */
export async function attack(url: string, kind: number): Promise<void> {
  const socket = await open(url, '127.0.1')
  try {
    await HOSTILITIES[kind % HOSTILITIES.length]?.(socket)
  } finally {
    socket.terminate()
  }
}
