import { isText, parseObject } from '../protocol.js'
import { parseInstant, readSession, type Session } from './grant.js'
import type { StorageLike } from './types.js'

/** The sessions of one server: in a storage if there is one that works, else in memory. */
export interface SessionStore {
  /** The session of a user if it can still be renewed. One that can't, or is malformed, is removed. */
  read(pubkey: string): Session | undefined
  /** Keeps a user's session in place of the one before; without one, keeps none. */
  keep(pubkey: string, session: Session | undefined): void
}

/**
 * Opens the store. A storage that throws or is full is as none.
 *
 * @param url - of the server, which entries are named by
 */
export function openSessionStore(storage: StorageLike | undefined, url: string): SessionStore {
  /** What the storage has not taken. */
  let held: { readonly pubkey: string; readonly session: Session } | undefined

  // Everything goes through one function, so that no error of a storage gets past it.
  function use<T>(pubkey: string, work: (storage: StorageLike, name: string) => T): T | undefined {
    try {
      return storage && work(storage, `textile-userauth ${url} ${pubkey}`)
    } catch {
      return undefined
    }
  }

  function remove(pubkey: string): void {
    held = undefined
    use(pubkey, (storage, name) => storage.removeItem(name))
  }

  return {
    // The storage is asked each time: another page may have signed out there, or logged in.
    read(pubkey) {
      const text = use(pubkey, (storage, name) => storage.getItem(name))
      const kept = held?.pubkey === pubkey ? held.session : undefined
      const session = isText(text) ? parseSession(text) : kept
      if (session && Date.now() < parseInstant(session.renewUntil)) return session
      if (isText(text) || kept) remove(pubkey)
      return undefined
    },
    keep(pubkey, session) {
      remove(pubkey)
      if (!session) return
      const isStored = use(pubkey, (storage, name) => {
        storage.setItem(name, JSON.stringify(session))
        return true
      })
      if (!isStored) held = { pubkey, session }
    },
  }
}

function parseSession(text: string): Session | undefined {
  const fields = parseObject(text)
  return fields && readSession(fields)
}
