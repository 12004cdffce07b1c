/** A page with the hook, which a test bundles, drives and reads: compiled strictly, as an app is. */
import { StrictMode, useEffect, useRef, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { LoginError, type SessionOptions, useUserAuth } from 'textile-userauth-client/react'

/** What the test wants to be shown. */
interface Props {
  /** The user's public key; none yet where it is missing. */
  readonly pubkey?: string
  readonly url: string
  /** Whether a child logs in as soon as it is mounted. */
  readonly eager?: boolean
}

declare global {
  interface Window {
    /** Signs with the test's key of that user. */
    signAs(pubkey: string, bytes: number[]): Promise<number[]>
    /** Renders the component with other properties; unmounts it where there are none. */
    show(props?: Props): void
    /** Every `logIn` that there has been, in order. */
    logIns: (() => Promise<unknown>)[]
    /** How often the component was rendered. */
    renderings: number
  }
}

window.logIns = []
window.renderings = 0

function Login({ pubkey, url, eager = false }: Props) {
  window.renderings += 1
  const identity = pubkey === undefined ? undefined : identityOf(pubkey)
  const steps = useRef<string[]>([])
  const options: SessionOptions = {
    url,
    retries: 0,
    onStep: ({ step }) => steps.current.push(step),
  }
  const { logIn, logOut, userAuth, step, error } = useUserAuth(identity, options)
  if (window.logIns.at(-1) !== logIn) window.logIns.push(logIn)
  return (
    <>
      <button type="button" onClick={logIn}>
        Log in
      </button>
      <button type="button" onClick={logOut}>
        Log out
      </button>
      <p id="user">{userAuth?.token}</p>
      <p id="step">{step?.step}</p>
      <p id="error">{error instanceof LoginError ? error.code : error?.message}</p>
      {eager && <Eager logIn={logIn} />}
    </>
  )
}

/** Does what a component with a client of the SDK does. */
function Eager({ logIn }: { logIn: () => Promise<{ token: string }> }) {
  const [result, setResult] = useState('')
  useEffect(() => {
    logIn().then(
      ({ token }) => setResult(token),
      ({ code }) => setResult(code),
    )
  }, [logIn])
  return <p id="eager">{result}</p>
}

function identityOf(pubkey: string) {
  return {
    public: pubkey,
    sign: async (bytes: Uint8Array) => Uint8Array.from(await window.signAs(pubkey, [...bytes])),
  }
}

const root = createRoot(document.body.appendChild(document.createElement('main')))
window.show = (props) => root.render(<StrictMode>{props && <Login {...props} />}</StrictMode>)
