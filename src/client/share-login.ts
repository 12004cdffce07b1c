import type { UserAuth } from '../protocol.js'
import { watchLife } from './grant.js'
import { logIn } from './login.js'
import { clientError } from './login-error.js'
import type { Settings } from './settings.js'

/**
 * Makes the function that logs in when it has to. The SDK calls it once per call of its own that
 * finds no valid `UserAuth`, which can be many at once: they share one login, and later ones its
 * result.
 */
export function shareLogin(settings: Settings): () => Promise<UserAuth> {
  let current: { readonly userAuth: UserAuth; readonly isUsable: () => boolean } | undefined
  let pending: Promise<UserAuth> | undefined

  async function renew(): Promise<UserAuth> {
    try {
      const grant = await logIn(settings)
      current = { userAuth: grant.userAuth, isUsable: watchLife(grant) }
      return grant.userAuth
    } finally {
      pending = undefined
    }
  }

  return async () => {
    const { signal } = settings
    if (signal?.aborted) throw clientError('aborted', signal.reason)
    if (current?.isUsable()) return current.userAuth
    pending ??= renew()
    return pending
  }
}
