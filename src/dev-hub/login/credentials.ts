import type { Store } from '../store/store.js'
import { createApiKey, type StoredApiKey } from './api-keys.js'
import { createIssuerKey, TokenIssuer } from './token-issuer.js'

const TABLES = [
  `CREATE TABLE login_api_keys (
    key TEXT PRIMARY KEY,
    secret TEXT NOT NULL,
    is_account INTEGER NOT NULL,
    is_secured INTEGER NOT NULL,
    is_revoked INTEGER NOT NULL
  ) STRICT`,
  'CREATE TABLE login_issuer (private_key BLOB NOT NULL) STRICT',
]

/** What the Hub is known by: lost, it would lock every user and every server out. */
export interface Credentials {
  readonly apiKeys: readonly StoredApiKey[]
  readonly issuer: TokenIssuer
}

/**
 * Reads the API keys and the Hub's own key from the store; where there are none, makes them.
 *
 * @param given - the API keys to make in place of one secured user group key
 */
export function loadCredentials(
  store: Store,
  given: readonly StoredApiKey[] | undefined,
): Credentials {
  store.migrate('login', TABLES)
  const apiKeys = readApiKeys(store)
  if (apiKeys.length > 0 && !given) return { apiKeys, issuer: loadIssuer(store) }
  const made = given ?? [createApiKey()]
  store.transaction(() => {
    for (const { key, secret, ...kind } of made) {
      store.execute(
        `INSERT OR REPLACE INTO login_api_keys (key, secret, is_account, is_secured, is_revoked)
         VALUES ($1, $2, $3, $4, $5)`,
        [key, secret, Number(kind.isAccount), Number(kind.isSecured), Number(kind.isRevoked)],
      )
    }
  })
  return { apiKeys: made, issuer: loadIssuer(store) }
}

function readApiKeys(store: Store): StoredApiKey[] {
  return store.execute('SELECT * FROM login_api_keys ORDER BY rowid').map((row) => ({
    key: String(row.key),
    secret: String(row.secret),
    isAccount: row.is_account === 1,
    isSecured: row.is_secured === 1,
    isRevoked: row.is_revoked === 1,
  }))
}

function loadIssuer(store: Store): TokenIssuer {
  const [row] = store.execute('SELECT private_key FROM login_issuer')
  if (row?.private_key instanceof Uint8Array) return new TokenIssuer(row.private_key)
  const key = createIssuerKey()
  store.execute('INSERT INTO login_issuer (private_key) VALUES ($1)', [key])
  return new TokenIssuer(key)
}
