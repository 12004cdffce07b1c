import { randomBytes } from 'node:crypto'
import { onTestFinished, vi } from 'vitest'
import { connectToHub, type HubConnection } from '../../src/hub/connect.js'
import type { TokenCall } from '../../src/hub/hub.js'
import { SdkHub } from '../../src/hub/sdk-hub.js'
import { type FaultyCall, tokenReply } from './faulty-hub.js'
import { randomIdentity } from './identity.js'

/** A connection to a Hub, closed with the test, and a way to start logins on it. */
export function connectForTest(url: string): {
  connection: HubConnection
  startLogin: () => TokenCall
} {
  const connection = connectToHub(url)
  onTestFinished(() => connection.close())
  const hub = new SdkHub(connection)
  const apiKey = { key: 'bkey', secret: randomBytes(24) }
  const startLogin = (): TokenCall => {
    const call = hub.requestToken(randomIdentity().pubkey, apiKey)
    onTestFinished(() => call.release())
    return call
  }
  return { connection, startLogin }
}

/** Takes a login from its start to the Hub's token. */
export async function finishLogin(call: TokenCall): Promise<string> {
  await call.challenge
  const token = await call.answer(randomBytes(64))
  call.release()
  return token
}

/** Has a call meet its deadline, as if the Hub had been asked a while ago. */
export function meetDeadline(call: TokenCall): void {
  const now = performance.now()
  const clock = vi.spyOn(performance, 'now').mockReturnValue(now + 1_000)
  call.release('late')
  clock.mockRestore()
}

/** Takes a call up to the point where the Hub has the signature. */
export async function upToSignature(call: FaultyCall): Promise<void> {
  await call.receiveKey()
  call.challenge()
  await call.receive()
}

/** The script of a Hub that gives a token to anyone. */
export async function giveToken(call: FaultyCall): Promise<void> {
  await upToSignature(call)
  call.send(tokenReply('token'))
  call.end(0)
}
