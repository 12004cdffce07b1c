import type { ApiKeyFinding } from './key-check.js'

/** What follows from a finding about the server's key. */
export interface ApiKeyVerdict {
  /** Whether the server runs: with a key that passed, with a warning, not yet, or never. */
  readonly outcome: 'pass' | 'warn' | 'retry' | 'stop'
  /** What is wrong, what it means, and what to do; empty where the key passed. */
  readonly text: string
}

const MAKE_RIGHT_KEY =
  'make a secured user group key with `hub keys create` and put it into USER_API_KEY and USER_API_SECRET'

/** What follows from each finding. */
export const apiKeyVerdicts: Readonly<Record<ApiKeyFinding, ApiKeyVerdict>> = {
  secured: { outcome: 'pass', text: '' },
  unsecured: {
    outcome: 'warn',
    text: `USER_API_KEY: the Hub doesn't demand signatures for this key, so whoever has seen it, and every app sees it, can use it for ever; ${MAKE_RIGHT_KEY}`,
  },
  account: {
    outcome: 'stop',
    text: `USER_API_KEY: this is an account key, with which every user would act as the account's owner and see every other user's threads; ${MAKE_RIGHT_KEY}`,
  },
  unknown: {
    outcome: 'stop',
    text: `USER_API_KEY: the Hub doesn't know this key, or it was revoked, so no user could log in; check HUB_URL and the key, or ${MAKE_RIGHT_KEY}`,
  },
  wrong_secret: {
    outcome: 'stop',
    text: "USER_API_SECRET: the Hub refuses the signature made with this secret, so no user could log in; take the secret that was shown together with USER_API_KEY, and check this machine's clock",
  },
  unsupported: {
    outcome: 'warn',
    text: 'USER_API_KEY: the Hub has no ListThreads method, so which kind of key this is could not be checked; make sure that it is a secured user group key',
  },
  unreachable: {
    outcome: 'retry',
    text: 'HUB_URL: the Hub gave no usable answer, so the key could not be checked; logins are answered with hub_unavailable until it has been',
  },
}
