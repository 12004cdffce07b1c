import { type ApiKey, signUserAuth } from '../../src/keys/api-signature.js'
import { decodeMultibase } from '../../src/keys/multibase.js'

/** An API key of a Hub's, as it is handed out: `undefined` where the Hub has none. */
type KeyTexts = { readonly key: string; readonly secret: string } | undefined

/** An API key as a login server holds it. */
export function decodeKey(apiKey: KeyTexts): ApiKey {
  const secret = decodeMultibase(apiKey?.secret ?? '')
  if (!apiKey || !secret) throw new TypeError('not an API key')
  return { key: apiKey.key, secret }
}

/** The headers of a call that is signed with an API key, for a minute. */
export function keyHeaders(apiKey: KeyTexts): [string, string][] {
  const { key, sig, msg } = signUserAuth(decodeKey(apiKey), 60)
  return [
    ['x-textile-api-key', key],
    ['x-textile-api-sig', sig],
    ['x-textile-api-sig-msg', msg],
  ]
}
