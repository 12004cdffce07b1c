/** Compiled as a web page is: with the browser's own `WebSocket` and `AbortSignal`. */
import { loginWithChallenge } from 'textile-userauth/client'
import { seedFromSignature, WalletError } from 'textile-userauth-client/wallet'

const { signal } = new AbortController()
const key = crypto.subtle.generateKey('Ed25519', false, ['sign'])

export const logIn = loginWithChallenge(
  {
    public: 'bbaareif…',
    sign: async (bytes: Uint8Array<ArrayBuffer>) =>
      new Uint8Array(await crypto.subtle.sign('Ed25519', (await key).privateKey, bytes)),
  },
  { WebSocket, signal },
)

export async function seed(sign: (text: string) => Promise<string>): Promise<Uint8Array> {
  try {
    return await seedFromSignature(sign, 'Sign in to Notes', { storage: localStorage })
  } catch (error) {
    if (error instanceof WalletError && error.code === 'not_deterministic') return new Uint8Array()
    throw error
  }
}
