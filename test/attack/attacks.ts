import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { randomIdentity } from '../support/identity.js'

/** Whom an attack is against, and from which address of this machine. */
export interface Target {
  readonly url: string
  readonly localAddress: string
}

/** What a stranger does, over and over until the process is killed. */
export type Attack = (target: Target) => Promise<void>

/** How long to wait after a connection was refused, in ms: to try at once would stop the attacker. */
const PAUSE_MS = 2

/** As much as an attacker hands to the system at once, in bytes. */
const WRITE_BYTES = 64 * 1024

const useless = JSON.stringify({ type: 'token', pubkey: 'x' })

/** Every attack by its name, with how many of them are at work at once. */
export const ATTACKS: Readonly<Record<string, { readonly atOnce: number; readonly act: Attack }>> =
  {
    'useless messages': {
      atOnce: 20,
      act: (target) => flood(target, (socket) => socket.send(useless)),
    },
    pings: { atOnce: 20, act: (target) => flood(target, (socket) => socket.ping()) },
    fragments: {
      atOnce: 20,
      act: (target) => flood(target, (socket) => socket.send('x', { fin: false })),
    },
    'apps that leave at once': { atOnce: 20, act: leaveAtOnce },
    'silent connections': { atOnce: 12_000, act: saySilence },
    'pipelined files': { atOnce: 20, act: (target) => pipeline(target, '/main.js') },
    'pipelined requests': { atOnce: 20, act: (target) => pipeline(target, '/health') },
    'requests one by one': { atOnce: 20, act: (target) => askOn(target, '/health') },
    'refused upgrades': { atOnce: 20, act: askForUpgrade },
  }

/** Opens a WebSocket, sends on it for as long as it is open, and comes again. */
async function flood(target: Target, send: (socket: WebSocket) => void): Promise<void> {
  const socket = await openSocket(target)
  while (socket.readyState === WebSocket.OPEN) {
    for (let message = 0; message < 500; message += 1) send(socket)
    await wait(1)
  }
  socket.terminate()
}

async function leaveAtOnce(target: Target): Promise<void> {
  const socket = await openSocket(target)
  socket.send(JSON.stringify({ type: 'token', pubkey: randomIdentity().pubkey }))
  await wait(2)
  socket.terminate()
}

async function openSocket({ url, localAddress }: Target): Promise<WebSocket> {
  const socket = new WebSocket(url, { localAddress, perMessageDeflate: false })
  socket.on('error', () => {})
  await once(socket, 'open')
  return socket
}

async function saySilence(target: Target): Promise<void> {
  const socket = await openTcp(target)
  await ended(socket)
  await wait(1_000)
}

async function pipeline(target: Target, path: string): Promise<void> {
  const socket = await openTcp(target)
  const request = requestOf(path)
  socket.write(request.repeat(WRITE_BYTES / request.length), () => socket.destroySoon())
  await ended(socket)
}

async function askOn(target: Target, path: string): Promise<void> {
  const socket = await openTcp(target)
  socket.on('data', () => socket.write(requestOf(path)))
  socket.write(requestOf(path))
  await ended(socket)
}

async function askForUpgrade({ url, localAddress }: Target): Promise<void> {
  await openSocket({ url: url.replace('userauth', 'elsewhere'), localAddress }).catch(() => {})
}

async function openTcp({ url, localAddress }: Target): Promise<Socket> {
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', localAddress })
  socket.on('error', () => {}).resume()
  await once(socket, 'connect')
  return socket
}

function ended(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve()
    else socket.once('close', () => resolve())
  })
}

function requestOf(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`
}

/** Attacks until the process is killed. */
export function attackOn(name: string, target: Target): void {
  const attack = ATTACKS[name]
  if (!attack) throw new Error(`no attack ${name}`)
  const { atOnce, act } = attack
  const goOn = async (): Promise<never> => {
    for (;;) await act(target).catch(() => wait(PAUSE_MS))
  }
  for (let one = 0; one < atOnce; one += 1) void goOn()
}
