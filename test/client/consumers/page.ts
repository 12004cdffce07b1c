/** Compiled as a web page is: with the browser's own `WebSocket` and `AbortSignal`. */
import { loginWithChallenge } from 'textile-userauth/client'

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
