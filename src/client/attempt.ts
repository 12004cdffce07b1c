import { CHALLENGE_BYTES, parseBufferJson, SIGNATURE_BYTES, toBufferJson } from '../protocol.js'
import { connect, type Message, unexpected } from './connection.js'
import { checkClock, type Grant, readGrant } from './grant.js'
import { clientError } from './login-error.js'
import type { Settings } from './settings.js'
import type { Identity, StepEvent } from './types.js'

/**
 * Tries once to log in: one connection, one request, one challenge, one signature.
 *
 * The identity signs a challenge's bytes as they are, so a server could have it sign whatever it
 * likes. That is kept to what the protocol needs: exactly 32 bytes, as the answer to a request of
 * this connection, and once. Everything else ends the attempt.
 *
 * @param pubkey - the identity's public key, as text
 * @param stopped - rejects when the login is to stop
 * @param report - told of each step
 * @throws LoginError; or whatever `report` throws
 */
export async function attemptLogin(
  settings: Settings,
  pubkey: string,
  stopped: Promise<never>,
  report: (event: StepEvent) => void,
): Promise<Grant> {
  report({ step: 'connecting' })
  const connection = connect(settings, stopped)
  try {
    await connection.opened()
    report({ step: 'connected' })

    connection.ask({ type: 'token', pubkey })
    report({ step: 'requested' })

    const challenge = readChallenge(await connection.answer())
    report({ step: 'challenged' })

    const signature = await connection.during(sign(settings.identity, challenge))
    connection.ask({ type: 'challenge', sig: toBufferJson(signature) })
    report({ step: 'signed' })

    const grant = readGrant(await connection.answer())
    report({ step: 'token' })
    checkClock(grant)
    return grant
  } finally {
    connection.close()
  }
}

function readChallenge(message: Message): Uint8Array {
  const bytes = message?.type === 'challenge' ? parseBufferJson(message.value) : undefined
  if (bytes?.length !== CHALLENGE_BYTES) throw unexpected(message)
  return bytes
}

async function sign(identity: Identity, challenge: Uint8Array): Promise<Uint8Array> {
  let signature: Uint8Array
  try {
    signature = await identity.sign(challenge)
  } catch (error) {
    throw clientError('signing_failed', error)
  }
  if (signature?.length !== SIGNATURE_BYTES) throw clientError('signing_failed')
  return signature
}
