import { Buckets, Client } from '@textile/hub'
import { useEffect, useMemo } from 'react'
import { useUserAuth } from 'textile-userauth-client/react'
import { keptIdentity } from './identity'
import { NoteList } from './NoteList'
import { Notes } from './notes'
import { PictureList } from './PictureList'
import { Pictures } from './pictures'

/** The Hub's gRPC-web address: that of the built-in Hub, unless the build is told another one. */
const HUB: string = import.meta.env.VITE_HUB_URL ?? 'http://127.0.0.1:3007'

/** Where this tab remembers that its user has logged in, so that a reload goes on. */
const SESSION = 'notes session'

const identity = keptIdentity()

export function App() {
  // The login server is on the page's own host: see vite.config.ts.
  const { logIn, logOut, userAuth, step, error } = useUserAuth(identity)
  const notes = useMemo(() => new Notes(Client.withUserAuth(logIn, HUB)), [logIn])
  const pictures = useMemo(() => new Pictures(Buckets.withUserAuth(logIn, { host: HUB })), [logIn])

  useEffect(() => {
    if (userAuth) sessionStorage.setItem(SESSION, 'logged in')
  }, [userAuth])

  useEffect(() => {
    // Its failure is shown as any other's: `error`.
    if (sessionStorage.getItem(SESSION) !== null) void logIn()
  }, [logIn])

  function leave() {
    sessionStorage.removeItem(SESSION)
    logOut()
  }

  return (
    <>
      <header>
        <h1>Notes</h1>
        {userAuth ? (
          <button type="button" onClick={leave}>
            Log out
          </button>
        ) : (
          <button type="button" onClick={logIn}>
            Log in
          </button>
        )}
      </header>
      <p className="user">
        You are <code>{identity.public.toString()}</code>
      </p>
      {error && <p role="alert">{error.message}</p>}
      {!userAuth && step && !error && <p role="status">Logging in: {step.step}</p>}
      {userAuth && (
        <>
          <NoteList notes={notes} />
          <PictureList pictures={pictures} />
        </>
      )}
    </>
  )
}
