/** Compiled with neither the types of Node.js nor those of a browser: the client needs none. */
import {
  type Identity,
  LoginError,
  type LoginStep,
  loginWithChallenge,
  type UserAuth,
} from 'textile-userauth/client'

const identity: Identity = {
  public: 'bbaareif…',
  sign: async (bytes: Uint8Array) => bytes,
}

const steps: LoginStep[] = []

export const logIn: () => Promise<UserAuth> = loginWithChallenge(identity, {
  timeout: 10,
  onStep: (step) => steps.push(step),
})

export async function codeOfFailure(): Promise<string> {
  try {
    return (await logIn()).key
  } catch (error) {
    if (error instanceof LoginError && error.code === 'clock_skew') return error.message
    throw error
  }
}

export const waits = steps.map((step) => (step.step === 'retrying' ? step.wait : 0))
