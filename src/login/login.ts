import { withDeadline } from '../deadline.js'
import { Status } from '../grpc/status.js'
import type { ApiKey } from '../hub/api-key.js'
import { type Hub, HubBusyError, HubError } from '../hub/hub.js'
import { verifySignature } from '../keys/public-key.js'
import { readTokenClaims } from '../keys/token.js'
import { CHALLENGE_BYTES, ErrorCode, SIGNATURE_BYTES, type UserAuth } from '../protocol.js'
import type { Doorkeeper } from './authorize-user.js'
import { LoginFailure } from './errors.js'
import type { LoginStep } from './events.js'
import { signUserAuth } from './user-auth.js'

/** In how many seconds an app may come back where the Hub is being asked too much. */
const RETRY_AFTER_BUSY = 2

/** The app's side of one login. */
export interface LoginApp {
  /** The client's address, as it is counted. */
  readonly address: string
  /** The origin of the app's page; missing where the app is no browser's. */
  readonly origin: string | undefined
  /** Sends the challenge to the app and returns its signature, of whatever length. */
  sign(challenge: Uint8Array): Promise<Uint8Array>
  /** Never fulfils; rejects when the login has to end at once, with the reason. */
  readonly interrupted: Promise<never>
}

/** Is told of a login's steps, well ended or not. */
export interface StepWatch {
  /** A step begins, and ends the one before. */
  begin(step: LoginStep): void
  /** The last step has ended. */
  end(): void
}

const NO_WATCH: StepWatch = { begin() {}, end() {} }

/** What every login needs beside its app. */
export interface LoginSettings {
  /** The Hub; its steps have deadlines of their own. */
  readonly hub: Hub
  /** The server's key, for a login that starts now. Another one may take its place later. */
  currentApiKey(): ApiKey
  /** Decides whether a user whose key is proven may come in. */
  readonly doorkeeper: Doorkeeper
  /** How long the app may take to sign, in seconds. */
  readonly challengeTimeout: number
  /** How long the API signature of a `UserAuth` is good, in seconds. */
  readonly userAuthTtl: number
}

/**
 * Logs one user in: the Hub challenges the holder of a public key, the app signs, the Hub turns
 * the signature into a token, and the doorkeeper lets the user in. Every wait has a deadline.
 *
 * @param pubkey - the user's public key, in canonical text
 * @param steps - told of each step
 * @throws LoginFailure where the login fails; or the reason for which `app` interrupts it
 */
export async function login(
  pubkey: string,
  app: LoginApp,
  settings: LoginSettings,
  steps: StepWatch = NO_WATCH,
): Promise<UserAuth> {
  steps.begin('hub_challenge')
  // One key for all of the login: the Hub's token and the signature must be of the same.
  const apiKey = settings.currentApiKey()
  const call = settings.hub.requestToken(pubkey, apiKey)
  try {
    const challenge = await Promise.race([call.challenge, app.interrupted])
    if (challenge.length !== CHALLENGE_BYTES) throw new HubError('the challenge has a wrong length')

    steps.begin('signature')
    const signed = Promise.race([app.sign(challenge), call.failed, app.interrupted])
    const lateError = () => new LoginFailure(ErrorCode.ChallengeTimeout)
    const signature = await withDeadline(settings.challengeTimeout, signed, lateError)
    if (signature.length !== SIGNATURE_BYTES) throw new LoginFailure(ErrorCode.BadSignature)

    steps.begin('hub_token')
    const token = await Promise.race([call.answer(signature), app.interrupted])
      // The Hub judges the signature, but what it says of a wrong one could as well be a fault of
      // its own. Only then is it verified here, so that honest logins don't pay for it.
      .catch((cause: unknown) => {
        const isRightful = !isUnclear(cause) || verifySignature(pubkey, challenge, signature)
        throw isRightful ? cause : new LoginFailure(ErrorCode.BadSignature, { cause })
      })

    const claims = readTokenClaims(token)
    if (!claims) throw new HubError('the token is no token')
    if (claims.sub !== pubkey) throw new LoginFailure(ErrorCode.Internal)

    steps.begin('user')
    const { address, origin } = app
    const admitted = settings.doorkeeper.admit({ pubkey, address, origin })
    await Promise.race([admitted, app.interrupted])

    return { ...signUserAuth(apiKey, settings.userAuthTtl), token }
  } catch (error) {
    throw explain(error)
  } finally {
    call.release()
    steps.end()
  }
}

/** Puts a failure of the Hub into one that an app is told. */
function explain(error: unknown): unknown {
  if (error instanceof HubBusyError) {
    const retryAfter = RETRY_AFTER_BUSY
    return new LoginFailure(ErrorCode.Overloaded, { retryAfter, limit: 'hub_calls' })
  }
  return error instanceof HubError ? new LoginFailure(codeOf(error), { cause: error }) : error
}

/** Whether the Hub failed in a way that a wrong signature explains as well as a fault. */
function isUnclear(error: unknown): boolean {
  return error instanceof HubError && codeOf(error) === ErrorCode.HubUnavailable
}

/** What the app is told when the Hub fails. */
function codeOf({ status }: HubError): ErrorCode {
  switch (status?.code) {
    case Status.DeadlineExceeded:
      return ErrorCode.HubTimeout
    case Status.NotFound:
    case Status.PermissionDenied:
    case Status.Unauthenticated:
      return ErrorCode.HubRejected
    default:
      return ErrorCode.HubUnavailable
  }
}
