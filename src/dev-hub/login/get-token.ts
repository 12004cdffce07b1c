import { randomBytes } from 'node:crypto'
import threads from '@textile/threads-client-grpc/threads_pb.js'
import { withDeadline } from '../../deadline.js'
import { Status } from '../../grpc/status.js'
import { decodePublicKey, formatPublicKey, verifySignature } from '../../keys/public-key.js'
import { CallError, type Method } from '../call.js'
import { receive, reply } from '../protobuf.js'
import type { Authorization } from './authorization.js'
import type { TokenIssuer } from './token-issuer.js'

/**
 * Makes `threads.pb.API/GetToken`: challenges whoever names a public key, and issues a token for
 * it to whoever signs the challenge with the private key.
 *
 * @param signatureTimeout - how long to wait for the signature, in seconds
 */
export function createGetToken(
  authorization: Authorization,
  issuer: TokenIssuer,
  signatureTimeout: number,
): Method {
  return async (call) => {
    authorization.apiKeyOf(call)
    const request = await receive(call, threads.GetTokenRequest)
    if (!request.hasKey()) throw new CallError(Status.InvalidArgument, 'Key is required')
    const pubkey = canonicalOf(request.getKey())

    const challenge = randomBytes(32)
    const challengeReply = new threads.GetTokenReply()
    challengeReply.setChallenge(challenge)
    reply(call, challengeReply)

    const late = () => new CallError(Status.DeadlineExceeded, 'Challenge deadline exceeded')
    const answer = receive(call, threads.GetTokenRequest)
    const answered = await withDeadline(signatureTimeout, answer, late)
    if (!answered.hasSignature()) {
      throw new CallError(Status.InvalidArgument, 'Signature is required')
    }
    if (!verifySignature(pubkey, challenge, answered.getSignature_asU8())) {
      throw new CallError(Status.Unknown, 'bad signature')
    }
    const tokenReply = new threads.GetTokenReply()
    tokenReply.setToken(issuer.issue(pubkey))
    reply(call, tokenReply)
  }
}

/** Reads a public key in any multibase, as hubd does, and returns its canonical text. */
function canonicalOf(text: string): string {
  const raw = decodePublicKey(text)
  if (!raw) throw new CallError(Status.Unknown, 'the key is no Ed25519 public key')
  return formatPublicKey(raw)
}
