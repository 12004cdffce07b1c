import type { Method } from './call.js'
import type { Domains } from './domains.js'
import type { Authorization } from './login/authorization.js'
import { createGetToken } from './login/get-token.js'
import type { TokenIssuer } from './login/token-issuer.js'
import { SDK_PATHS } from './sdk-paths.js'
import { createListMethods } from './threads/methods/list-methods.js'
import type { ThreadRegistry } from './threads/registry.js'

/** What the methods work on. */
export interface HubParts {
  readonly authorization: Authorization
  readonly issuer: TokenIssuer
  readonly registry: ThreadRegistry
  readonly domains: Domains
  /** How long `GetToken` waits for the signature, in seconds. */
  readonly signatureTimeout: number
}

/**
 * Puts the methods together by their path, `/<service>/<method>`: those of a login, and every
 * other that the SDK could call, by its domain.
 */
export function createMethods({
  authorization,
  issuer,
  registry,
  domains,
  signatureTimeout,
}: HubParts): ReadonlyMap<string, Method> {
  return new Map<string, Method>([
    ...SDK_PATHS.map((path): [string, Method] => {
      const method = domains.method(path)
      // As at hubd, a token is asked for before anything else is said.
      const authorized: Method = async (call) => {
        authorization.callerOf(call)
        await method(call)
      }
      return [path, authorized]
    }),
    ['/threads.pb.API/GetToken', createGetToken(authorization, issuer, signatureTimeout)],
    ...Object.entries(createListMethods(authorization, registry)),
  ])
}
